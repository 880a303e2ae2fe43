"""Hand-derived gradients against automatic ones."""
