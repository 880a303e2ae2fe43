"""Autodiff you can read, see and check, at the speed of hand-written NumPy."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

from autograd_mini import linalg as linalg
from autograd_mini import ops
from autograd_mini import random as random
from autograd_mini import testing as testing
from autograd_mini.debug import debug as debug
from autograd_mini.errors import did_you_mean
from autograd_mini.groups import group as group
from autograd_mini.groups import moment as moment
from autograd_mini.modes import no_grad as no_grad
from autograd_mini.ops import Op as Op
from autograd_mini.ops import absolute as absolute
from autograd_mini.ops import add as add
from autograd_mini.ops import add_at as add_at
from autograd_mini.ops import affine as affine
from autograd_mini.ops import amax as amax
from autograd_mini.ops import amin as amin
from autograd_mini.ops import append as append
from autograd_mini.ops import arccos as arccos
from autograd_mini.ops import arccosh as arccosh
from autograd_mini.ops import arcsin as arcsin
from autograd_mini.ops import arcsinh as arcsinh
from autograd_mini.ops import arctan as arctan
from autograd_mini.ops import arctan2 as arctan2
from autograd_mini.ops import arctanh as arctanh
from autograd_mini.ops import argmax as argmax
from autograd_mini.ops import argmin as argmin
from autograd_mini.ops import argpartition as argpartition
from autograd_mini.ops import argsort as argsort
from autograd_mini.ops import around as around
from autograd_mini.ops import array_split as array_split
from autograd_mini.ops import astype as astype
from autograd_mini.ops import atleast_1d as atleast_1d
from autograd_mini.ops import atleast_2d as atleast_2d
from autograd_mini.ops import atleast_3d as atleast_3d
from autograd_mini.ops import average as average
from autograd_mini.ops import avg_pool1d as avg_pool1d
from autograd_mini.ops import avg_pool2d as avg_pool2d
from autograd_mini.ops import broadcast_arrays as broadcast_arrays
from autograd_mini.ops import broadcast_to as broadcast_to
from autograd_mini.ops import cbrt as cbrt
from autograd_mini.ops import ceil as ceil
from autograd_mini.ops import clip as clip
from autograd_mini.ops import column_stack as column_stack
from autograd_mini.ops import concatenate as concatenate
from autograd_mini.ops import conv1d as conv1d
from autograd_mini.ops import conv2d as conv2d
from autograd_mini.ops import conv_transpose1d as conv_transpose1d
from autograd_mini.ops import conv_transpose2d as conv_transpose2d
from autograd_mini.ops import convolve as convolve
from autograd_mini.ops import copysign as copysign
from autograd_mini.ops import correlate as correlate
from autograd_mini.ops import cos as cos
from autograd_mini.ops import cosh as cosh
from autograd_mini.ops import count_nonzero as count_nonzero
from autograd_mini.ops import cross as cross
from autograd_mini.ops import cumprod as cumprod
from autograd_mini.ops import cumsum as cumsum
from autograd_mini.ops import deg2rad as deg2rad
from autograd_mini.ops import diag as diag
from autograd_mini.ops import diagflat as diagflat
from autograd_mini.ops import diagonal as diagonal
from autograd_mini.ops import diff as diff
from autograd_mini.ops import divide as divide
from autograd_mini.ops import dot as dot
from autograd_mini.ops import dsplit as dsplit
from autograd_mini.ops import dstack as dstack
from autograd_mini.ops import einsum as einsum
from autograd_mini.ops import elu as elu
from autograd_mini.ops import equal as equal
from autograd_mini.ops import erf as erf
from autograd_mini.ops import erfc as erfc
from autograd_mini.ops import exp as exp
from autograd_mini.ops import exp2 as exp2
from autograd_mini.ops import expand_dims as expand_dims
from autograd_mini.ops import expm1 as expm1
from autograd_mini.ops import extract as extract
from autograd_mini.ops import fix as fix
from autograd_mini.ops import flatten as flatten
from autograd_mini.ops import flip as flip
from autograd_mini.ops import fliplr as fliplr
from autograd_mini.ops import flipud as flipud
from autograd_mini.ops import float_power as float_power
from autograd_mini.ops import floor as floor
from autograd_mini.ops import floor_divide as floor_divide
from autograd_mini.ops import fmax as fmax
from autograd_mini.ops import fmin as fmin
from autograd_mini.ops import fmod as fmod
from autograd_mini.ops import gelu as gelu
from autograd_mini.ops import greater as greater
from autograd_mini.ops import greater_equal as greater_equal
from autograd_mini.ops import hard_sigmoid as hard_sigmoid
from autograd_mini.ops import hard_silu as hard_silu
from autograd_mini.ops import hard_tanh as hard_tanh
from autograd_mini.ops import heaviside as heaviside
from autograd_mini.ops import hsplit as hsplit
from autograd_mini.ops import hstack as hstack
from autograd_mini.ops import hypot as hypot
from autograd_mini.ops import inner as inner
from autograd_mini.ops import isclose as isclose
from autograd_mini.ops import isfinite as isfinite
from autograd_mini.ops import isinf as isinf
from autograd_mini.ops import isnan as isnan
from autograd_mini.ops import kron as kron
from autograd_mini.ops import leaky_relu as leaky_relu
from autograd_mini.ops import less as less
from autograd_mini.ops import less_equal as less_equal
from autograd_mini.ops import log as log
from autograd_mini.ops import log1p as log1p
from autograd_mini.ops import log2 as log2
from autograd_mini.ops import log10 as log10
from autograd_mini.ops import log_sigmoid as log_sigmoid
from autograd_mini.ops import log_softmax as log_softmax
from autograd_mini.ops import logaddexp as logaddexp
from autograd_mini.ops import logaddexp2 as logaddexp2
from autograd_mini.ops import logical_and as logical_and
from autograd_mini.ops import logical_not as logical_not
from autograd_mini.ops import logical_or as logical_or
from autograd_mini.ops import logical_xor as logical_xor
from autograd_mini.ops import logsumexp as logsumexp
from autograd_mini.ops import matmul as matmul
from autograd_mini.ops import matrix_transpose as matrix_transpose
from autograd_mini.ops import matvec as matvec
from autograd_mini.ops import max_pool1d as max_pool1d
from autograd_mini.ops import max_pool2d as max_pool2d
from autograd_mini.ops import maximum as maximum
from autograd_mini.ops import mean as mean
from autograd_mini.ops import median as median
from autograd_mini.ops import minimum as minimum
from autograd_mini.ops import mish as mish
from autograd_mini.ops import moveaxis as moveaxis
from autograd_mini.ops import multiply as multiply
from autograd_mini.ops import nan_to_num as nan_to_num
from autograd_mini.ops import nanmax as nanmax
from autograd_mini.ops import nanmean as nanmean
from autograd_mini.ops import nanmin as nanmin
from autograd_mini.ops import nansum as nansum
from autograd_mini.ops import negative as negative
from autograd_mini.ops import norm as norm
from autograd_mini.ops import not_equal as not_equal
from autograd_mini.ops import outer as outer
from autograd_mini.ops import pad as pad
from autograd_mini.ops import partition as partition
from autograd_mini.ops import positive as positive
from autograd_mini.ops import power as power
from autograd_mini.ops import prod as prod
from autograd_mini.ops import ptp as ptp
from autograd_mini.ops import put as put
from autograd_mini.ops import rad2deg as rad2deg
from autograd_mini.ops import ravel as ravel
from autograd_mini.ops import reciprocal as reciprocal
from autograd_mini.ops import relu as relu
from autograd_mini.ops import relu6 as relu6
from autograd_mini.ops import remainder as remainder
from autograd_mini.ops import repeat as repeat
from autograd_mini.ops import reshape as reshape
from autograd_mini.ops import rint as rint
from autograd_mini.ops import roll as roll
from autograd_mini.ops import rot90 as rot90
from autograd_mini.ops import searchsorted as searchsorted
from autograd_mini.ops import selu as selu
from autograd_mini.ops import sigmoid as sigmoid
from autograd_mini.ops import sign as sign
from autograd_mini.ops import signbit as signbit
from autograd_mini.ops import silu as silu
from autograd_mini.ops import sin as sin
from autograd_mini.ops import sinc as sinc
from autograd_mini.ops import sinh as sinh
from autograd_mini.ops import softmax as softmax
from autograd_mini.ops import softmax_cross_entropy as softmax_cross_entropy
from autograd_mini.ops import softplus as softplus
from autograd_mini.ops import softsign as softsign
from autograd_mini.ops import sort as sort
from autograd_mini.ops import split as split
from autograd_mini.ops import sqrt as sqrt
from autograd_mini.ops import square as square
from autograd_mini.ops import squeeze as squeeze
from autograd_mini.ops import stack as stack
from autograd_mini.ops import std as std
from autograd_mini.ops import stop_gradient as stop_gradient
from autograd_mini.ops import subtract as subtract
from autograd_mini.ops import swapaxes as swapaxes
from autograd_mini.ops import take as take
from autograd_mini.ops import take_along_axis as take_along_axis
from autograd_mini.ops import tan as tan
from autograd_mini.ops import tanh as tanh
from autograd_mini.ops import tensordot as tensordot
from autograd_mini.ops import tile as tile
from autograd_mini.ops import trace as trace
from autograd_mini.ops import transpose as transpose
from autograd_mini.ops import trapezoid as trapezoid
from autograd_mini.ops import tril as tril
from autograd_mini.ops import triu as triu
from autograd_mini.ops import trunc as trunc
from autograd_mini.ops import unstack as unstack
from autograd_mini.ops import var as var
from autograd_mini.ops import vdot as vdot
from autograd_mini.ops import vecdot as vecdot
from autograd_mini.ops import vecmat as vecmat
from autograd_mini.ops import vsplit as vsplit
from autograd_mini.ops import vstack as vstack
from autograd_mini.ops import where as where
from autograd_mini.state import Buffer as Buffer
from autograd_mini.state import assign as assign
from autograd_mini.static import static as static
from autograd_mini.tensor import Tensor as Tensor
from autograd_mini.tensor import as_tensor as as_tensor
from autograd_mini.tensor import gradients as gradients
from autograd_mini.tensor import topological_order as topological_order
from autograd_mini.transforms import checkpoint as checkpoint
from autograd_mini.transforms import custom_gradient as custom_gradient
from autograd_mini.transforms import elementwise_grad as elementwise_grad
from autograd_mini.transforms import grad as grad
from autograd_mini.transforms import hessian as hessian
from autograd_mini.transforms import hvp as hvp
from autograd_mini.transforms import jacobian as jacobian
from autograd_mini.transforms import jvp as jvp
from autograd_mini.transforms import value_and_grad as value_and_grad
from autograd_mini.transforms import vjp as vjp

all = ops.reduce_all
any = ops.reduce_any
max = ops.reduce_max
mod = ops.remainder
round = ops.round_
min = ops.reduce_min
sum = ops.reduce_sum

if TYPE_CHECKING:
    from autograd_mini.comparison import ComparisonError as ComparisonError
    from autograd_mini.comparison import compare as compare
    from autograd_mini.comparison import compare_functions as compare_functions
    from autograd_mini.comparison import compare_rules as compare_rules
    from autograd_mini.comparison import compare_update as compare_update
    from autograd_mini.comparison import exercise as exercise
    from autograd_mini.compiler import Compiled as Compiled
    from autograd_mini.compiler import RecompilationWarning as RecompilationWarning
    from autograd_mini.compiler import compile as compile
    from autograd_mini.drawing import animate as animate
    from autograd_mini.drawing import draw as draw
    from autograd_mini.drawing import draw_network as draw_network
    from autograd_mini.drawing import explore as explore
    from autograd_mini.drawing import replay as replay
    from autograd_mini.explanation import Explanation as Explanation
    from autograd_mini.explanation import explain as explain


_LATE = {
    "ComparisonError": "comparison",
    "compare": "comparison",
    "compare_functions": "comparison",
    "compare_rules": "comparison",
    "compare_update": "comparison",
    "exercise": "comparison",
    "Compiled": "compiler",
    "RecompilationWarning": "compiler",
    "compile": "compiler",
    "animate": "drawing",
    "draw": "drawing",
    "draw_network": "drawing",
    "explore": "drawing",
    "replay": "drawing",
    "Explanation": "explanation",
    "explain": "explanation",
}


_MODULES = ("linalg", "random", "testing")
"""The modules that are public by themselves; the others hold what stands here."""


def __dir__() -> list[str]:
    hidden = {"moment", "ops", "TYPE_CHECKING"}  # nn needs the first; the functions of ops stand here
    names = [name for name, x in globals().items() if name[0] != "_" and (name in _MODULES or not _is_module(x))]
    return sorted({*names, *_LATE} - hidden)


def _is_module(x: _Any) -> bool:
    return type(x) is type(linalg)


def __getattr__(name: str) -> _Any:
    """The parts beside the engine are imported when they are used first: they are most of the package."""
    if name in _LATE:
        return getattr(_import_module(f"autograd_mini.{_LATE[name]}"), name)
    raise AttributeError(f"module 'autograd_mini' has no attribute {name!r}{did_you_mean(name, __dir__())}")
