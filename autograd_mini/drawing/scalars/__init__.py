"""A graph of arrays as a graph of scalars: each entry a Tensor of its own."""

from autograd_mini.drawing.scalars.expand import ScalarGraph as ScalarGraph
from autograd_mini.drawing.scalars.expand import expanded as expanded
