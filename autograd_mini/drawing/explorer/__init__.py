"""The backprop explorer: a graph and its steps, forward and back, as one HTML file."""

from autograd_mini.drawing.explorer.explorer import Explorer as Explorer
from autograd_mini.drawing.explorer.explorer import explore as explore
