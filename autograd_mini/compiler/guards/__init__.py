"""What a function reads from outside, and whether it is still what it was when the function was traced."""

from autograd_mini.compiler.guards.guard import Guard as Guard
from autograd_mini.compiler.guards.randomness import RandomWatch as RandomWatch
