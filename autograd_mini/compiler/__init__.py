"""From a traced graph to straight-line NumPy."""

from autograd_mini.compiler.compiled import Compiled as Compiled
from autograd_mini.compiler.compiled import compile as compile
from autograd_mini.compiler.programs import RecompilationWarning as RecompilationWarning
