"""Elementary operations: each one block, its forward computation beside its local derivatives.

A rule reads `g` (the gradient of the result), `out` (the result), then the inputs in order, and returns the gradient of
one input. Rules are written with operators and other operations only, never `np.`, so the same line runs on arrays
(first order), records itself on Tensors (higher orders), and shows the local derivative when `g` is 1. Undoing
broadcasting and casting to the input's dtype is the engine's work, not the rule's.
"""

from autograd_mini.ops.convolution import conv1d as conv1d
from autograd_mini.ops.convolution import conv2d as conv2d
from autograd_mini.ops.convolution import conv_transpose1d as conv_transpose1d
from autograd_mini.ops.convolution import conv_transpose2d as conv_transpose2d
from autograd_mini.ops.convolution import convolve as convolve
from autograd_mini.ops.convolution import correlate as correlate
from autograd_mini.ops.decompositions import cholesky as cholesky
from autograd_mini.ops.decompositions import eigh as eigh
from autograd_mini.ops.decompositions import eigvalsh as eigvalsh
from autograd_mini.ops.decompositions import qr as qr
from autograd_mini.ops.decompositions import svd as svd
from autograd_mini.ops.decompositions import svdvals as svdvals
from autograd_mini.ops.einsum import einsum as einsum
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
from autograd_mini.ops.inverses import cofactor as cofactor
from autograd_mini.ops.inverses import cofactor_slope as cofactor_slope
from autograd_mini.ops.inverses import det as det
from autograd_mini.ops.inverses import inv as inv
from autograd_mini.ops.inverses import matrix_power as matrix_power
from autograd_mini.ops.inverses import pinv as pinv
from autograd_mini.ops.inverses import slogdet as slogdet
from autograd_mini.ops.inverses import solve as solve
from autograd_mini.ops.linalg import matmul as matmul
from autograd_mini.ops.op import Op as Op
from autograd_mini.ops.op import Rule as Rule
from autograd_mini.ops.op import Traced as Traced
from autograd_mini.ops.op import as_operand as as_operand
from autograd_mini.ops.pooling import avg_pool1d as avg_pool1d
from autograd_mini.ops.pooling import avg_pool2d as avg_pool2d
from autograd_mini.ops.pooling import max_pool1d as max_pool1d
from autograd_mini.ops.pooling import max_pool2d as max_pool2d
from autograd_mini.ops.products import cross as cross
from autograd_mini.ops.products import dot as dot
from autograd_mini.ops.products import inner as inner
from autograd_mini.ops.products import kron as kron
from autograd_mini.ops.products import matvec as matvec
from autograd_mini.ops.products import multi_dot as multi_dot
from autograd_mini.ops.products import outer as outer
from autograd_mini.ops.products import tensordot as tensordot
from autograd_mini.ops.products import vdot as vdot
from autograd_mini.ops.products import vecdot as vecdot
from autograd_mini.ops.products import vecmat as vecmat
from autograd_mini.ops.reductions import logsumexp as logsumexp
from autograd_mini.ops.reductions import mean as mean
from autograd_mini.ops.reductions import reduce_max as reduce_max
from autograd_mini.ops.reductions import reduce_sum as reduce_sum
from autograd_mini.ops.shape import broadcast_to as broadcast_to
from autograd_mini.ops.shape import concatenate as concatenate
from autograd_mini.ops.shape import getitem as getitem
from autograd_mini.ops.shape import reshape as reshape
from autograd_mini.ops.shape import scatter_add as scatter_add
from autograd_mini.ops.shape import split_index as split_index
from autograd_mini.ops.shape import stack as stack
from autograd_mini.ops.shape import transpose as transpose
from autograd_mini.ops.windows import add_windows as add_windows
from autograd_mini.ops.windows import windows as windows
