"""Drawing a computational graph: Tensor to DOT text to picture."""

from autograd_mini.draw.dot import draw as draw
from autograd_mini.draw.dot import to_dot as to_dot
from autograd_mini.draw.network import draw_network as draw_network
