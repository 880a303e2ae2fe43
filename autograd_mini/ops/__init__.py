"""Elementary operations: each one block, its forward computation beside its local derivatives.

A rule reads `g` (the gradient of the result), `out` (the result), then the inputs in order, and returns the gradient of
one input. Rules are written with operators and other operations only, never `np.`, so the same line runs on arrays
(first order), records itself on Tensors (higher orders), and shows the local derivative when `g` is 1. Undoing
broadcasting and casting to the input's dtype is the engine's work, not the rule's.
"""

from autograd_mini.ops.elementwise import absolute as absolute
from autograd_mini.ops.elementwise import add as add
from autograd_mini.ops.elementwise import astype as astype
from autograd_mini.ops.elementwise import divide as divide
from autograd_mini.ops.elementwise import equal as equal
from autograd_mini.ops.elementwise import exp as exp
from autograd_mini.ops.elementwise import greater as greater
from autograd_mini.ops.elementwise import greater_equal as greater_equal
from autograd_mini.ops.elementwise import less as less
from autograd_mini.ops.elementwise import less_equal as less_equal
from autograd_mini.ops.elementwise import log as log
from autograd_mini.ops.elementwise import maximum as maximum
from autograd_mini.ops.elementwise import multiply as multiply
from autograd_mini.ops.elementwise import negative as negative
from autograd_mini.ops.elementwise import not_equal as not_equal
from autograd_mini.ops.elementwise import positive as positive
from autograd_mini.ops.elementwise import power as power
from autograd_mini.ops.elementwise import relu as relu
from autograd_mini.ops.elementwise import sigmoid as sigmoid
from autograd_mini.ops.elementwise import sign as sign
from autograd_mini.ops.elementwise import sqrt as sqrt
from autograd_mini.ops.elementwise import stop_gradient as stop_gradient
from autograd_mini.ops.elementwise import subtract as subtract
from autograd_mini.ops.elementwise import tanh as tanh
from autograd_mini.ops.elementwise import where as where
from autograd_mini.ops.linalg import matmul as matmul
from autograd_mini.ops.norms import norm as norm
from autograd_mini.ops.op import Op as Op
from autograd_mini.ops.op import Rule as Rule
from autograd_mini.ops.op import Traced as Traced
from autograd_mini.ops.op import as_operand as as_operand
from autograd_mini.ops.order import argmax as argmax
from autograd_mini.ops.order import argmin as argmin
from autograd_mini.ops.order import argpartition as argpartition
from autograd_mini.ops.order import argsort as argsort
from autograd_mini.ops.order import median as median
from autograd_mini.ops.order import partition as partition
from autograd_mini.ops.order import searchsorted as searchsorted
from autograd_mini.ops.order import sort as sort
from autograd_mini.ops.reductions import amax as amax
from autograd_mini.ops.reductions import amin as amin
from autograd_mini.ops.reductions import count_nonzero as count_nonzero
from autograd_mini.ops.reductions import mean as mean
from autograd_mini.ops.reductions import nanmax as nanmax
from autograd_mini.ops.reductions import nanmin as nanmin
from autograd_mini.ops.reductions import ptp as ptp
from autograd_mini.ops.reductions import reduce_all as reduce_all
from autograd_mini.ops.reductions import reduce_any as reduce_any
from autograd_mini.ops.reductions import reduce_max as reduce_max
from autograd_mini.ops.reductions import reduce_min as reduce_min
from autograd_mini.ops.reductions import reduce_sum as reduce_sum
from autograd_mini.ops.scans import cumprod as cumprod
from autograd_mini.ops.scans import cumsum as cumsum
from autograd_mini.ops.scans import diff as diff
from autograd_mini.ops.scans import prod as prod
from autograd_mini.ops.scans import trapezoid as trapezoid
from autograd_mini.ops.shape import broadcast_to as broadcast_to
from autograd_mini.ops.shape import concatenate as concatenate
from autograd_mini.ops.shape import getitem as getitem
from autograd_mini.ops.shape import reshape as reshape
from autograd_mini.ops.shape import scatter_add as scatter_add
from autograd_mini.ops.shape import split_index as split_index
from autograd_mini.ops.shape import stack as stack
from autograd_mini.ops.shape import transpose as transpose
from autograd_mini.ops.softmax import log_softmax as log_softmax
from autograd_mini.ops.softmax import logsumexp as logsumexp
from autograd_mini.ops.softmax import softmax as softmax
from autograd_mini.ops.statistics import average as average
from autograd_mini.ops.statistics import nanmean as nanmean
from autograd_mini.ops.statistics import nansum as nansum
from autograd_mini.ops.statistics import std as std
from autograd_mini.ops.statistics import var as var
