"""Neural-network layers, losses and optimisers, built purely from the operations of autograd_mini."""

from nn.activations import activation_function as activation_function
from nn.activations import identity as identity
from nn.data import minibatches as minibatches
from nn.init import glorot as glorot
from nn.init import he as he
from nn.layers import MLP as MLP
from nn.layers import Linear as Linear
from nn.losses import mse as mse
from nn.losses import softmax_cross_entropy as softmax_cross_entropy
from nn.module import Module as Module
from nn.optim import SGD as SGD
from nn.optim import Adam as Adam
from nn.optim import Optimiser as Optimiser
