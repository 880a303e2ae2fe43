"""What is measured: one module for each kind of training step, with all the sides that take it."""
