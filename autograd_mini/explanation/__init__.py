"""Forward equations and delta rules as text and LaTeX, read off the graph."""

from autograd_mini.explanation.explaining import explain as explain
from autograd_mini.explanation.explanation import Explanation as Explanation
from autograd_mini.explanation.layout import Equation as Equation
