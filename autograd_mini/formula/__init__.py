"""Formulas of local derivatives, found by running each operation's own rule on symbols."""

from autograd_mini.formula.data import expression_as_data as expression_as_data
from autograd_mini.formula.derivative import is_fallback as is_fallback
from autograd_mini.formula.derivative import local_derivative as local_derivative
from autograd_mini.formula.evaluate import evaluate as evaluate
from autograd_mini.formula.expression import Apply as Apply
from autograd_mini.formula.expression import Expression as Expression
from autograd_mini.formula.expression import Name as Name
from autograd_mini.formula.expression import Number as Number
from autograd_mini.formula.expression import post_order as post_order
from autograd_mini.formula.expression import substituted as substituted
from autograd_mini.formula.latex import as_latex as as_latex
from autograd_mini.formula.reading import expression_of as expression_of
from autograd_mini.formula.simplify import simplified as simplified
from autograd_mini.formula.text import as_text as as_text
