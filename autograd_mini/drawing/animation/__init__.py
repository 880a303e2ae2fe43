"""The way forward and back as a moving picture: one frame for each step."""

from autograd_mini.drawing.animation.animate import animate as animate
