"""Compilation: a traced graph becomes straight-line NumPy source, and a function again."""
