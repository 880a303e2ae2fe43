"""Autodiff you can read, see and check, at the speed of hand-written NumPy."""

from autograd_mini import ops
from autograd_mini import testing as testing
from autograd_mini.draw import draw as draw
from autograd_mini.ops import Op as Op
from autograd_mini.ops import absolute as absolute
from autograd_mini.ops import add as add
from autograd_mini.ops import amax as amax
from autograd_mini.ops import amin as amin
from autograd_mini.ops import argmax as argmax
from autograd_mini.ops import argmin as argmin
from autograd_mini.ops import argpartition as argpartition
from autograd_mini.ops import argsort as argsort
from autograd_mini.ops import astype as astype
from autograd_mini.ops import average as average
from autograd_mini.ops import broadcast_to as broadcast_to
from autograd_mini.ops import concatenate as concatenate
from autograd_mini.ops import count_nonzero as count_nonzero
from autograd_mini.ops import cumprod as cumprod
from autograd_mini.ops import cumsum as cumsum
from autograd_mini.ops import diff as diff
from autograd_mini.ops import divide as divide
from autograd_mini.ops import equal as equal
from autograd_mini.ops import exp as exp
from autograd_mini.ops import greater as greater
from autograd_mini.ops import greater_equal as greater_equal
from autograd_mini.ops import less as less
from autograd_mini.ops import less_equal as less_equal
from autograd_mini.ops import log as log
from autograd_mini.ops import log_softmax as log_softmax
from autograd_mini.ops import logsumexp as logsumexp
from autograd_mini.ops import matmul as matmul
from autograd_mini.ops import maximum as maximum
from autograd_mini.ops import mean as mean
from autograd_mini.ops import median as median
from autograd_mini.ops import multiply as multiply
from autograd_mini.ops import nanmax as nanmax
from autograd_mini.ops import nanmean as nanmean
from autograd_mini.ops import nanmin as nanmin
from autograd_mini.ops import nansum as nansum
from autograd_mini.ops import negative as negative
from autograd_mini.ops import norm as norm
from autograd_mini.ops import not_equal as not_equal
from autograd_mini.ops import partition as partition
from autograd_mini.ops import positive as positive
from autograd_mini.ops import power as power
from autograd_mini.ops import prod as prod
from autograd_mini.ops import ptp as ptp
from autograd_mini.ops import relu as relu
from autograd_mini.ops import reshape as reshape
from autograd_mini.ops import searchsorted as searchsorted
from autograd_mini.ops import sigmoid as sigmoid
from autograd_mini.ops import sign as sign
from autograd_mini.ops import softmax as softmax
from autograd_mini.ops import sort as sort
from autograd_mini.ops import sqrt as sqrt
from autograd_mini.ops import stack as stack
from autograd_mini.ops import std as std
from autograd_mini.ops import stop_gradient as stop_gradient
from autograd_mini.ops import subtract as subtract
from autograd_mini.ops import tanh as tanh
from autograd_mini.ops import transpose as transpose
from autograd_mini.ops import trapezoid as trapezoid
from autograd_mini.ops import var as var
from autograd_mini.ops import where as where
from autograd_mini.tensor import Tensor as Tensor
from autograd_mini.tensor import as_tensor as as_tensor
from autograd_mini.tensor import gradients as gradients
from autograd_mini.tensor import no_grad as no_grad
from autograd_mini.tensor import topological_order as topological_order
from autograd_mini.transforms import grad as grad
from autograd_mini.transforms import value_and_grad as value_and_grad

all = ops.reduce_all
any = ops.reduce_any
max = ops.reduce_max
min = ops.reduce_min
sum = ops.reduce_sum
