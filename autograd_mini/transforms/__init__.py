"""Functions of functions: gradients, products with Jacobians, recomputation, and gradients of one's own."""

from autograd_mini.transforms.checkpointing import checkpoint as checkpoint
from autograd_mini.transforms.custom import custom_gradient as custom_gradient
from autograd_mini.transforms.gradients import elementwise_grad as elementwise_grad
from autograd_mini.transforms.gradients import grad as grad
from autograd_mini.transforms.gradients import value_and_grad as value_and_grad
from autograd_mini.transforms.products import hessian as hessian
from autograd_mini.transforms.products import hvp as hvp
from autograd_mini.transforms.products import jacobian as jacobian
from autograd_mini.transforms.products import jvp as jvp
from autograd_mini.transforms.products import vjp as vjp
