"""The classic picture of a multilayer perceptron: units as circles, weights as lines."""

from autograd_mini.drawing.network.draw import draw_network as draw_network
