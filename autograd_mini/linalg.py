"""Linear algebra under the names of `np.linalg`: every function takes stacks of matrices in the last two axes."""

from autograd_mini.ops.decompositions import cholesky as cholesky
from autograd_mini.ops.decompositions import eigh as eigh
from autograd_mini.ops.decompositions import eigvalsh as eigvalsh
from autograd_mini.ops.decompositions import qr as qr
from autograd_mini.ops.decompositions import svd as svd
from autograd_mini.ops.decompositions import svdvals as svdvals
from autograd_mini.ops.inverses import det as det
from autograd_mini.ops.inverses import inv as inv
from autograd_mini.ops.inverses import matrix_power as matrix_power
from autograd_mini.ops.inverses import pinv as pinv
from autograd_mini.ops.inverses import slogdet as slogdet
from autograd_mini.ops.inverses import solve as solve
from autograd_mini.ops.products import multi_dot as multi_dot
