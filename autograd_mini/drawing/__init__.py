"""Drawing a computational graph: Tensor to DOT text to picture."""

from autograd_mini.drawing.animation import animate as animate
from autograd_mini.drawing.explorer import Explorer as Explorer
from autograd_mini.drawing.explorer import explore as explore
from autograd_mini.drawing.network import draw_network as draw_network
from autograd_mini.drawing.picture import draw as draw
from autograd_mini.drawing.rendering import Drawing as Drawing
from autograd_mini.drawing.rendering import RendererNotFoundError as RendererNotFoundError
from autograd_mini.drawing.steps import Replay as Replay
from autograd_mini.drawing.steps import Step as Step
from autograd_mini.drawing.steps import replay as replay
