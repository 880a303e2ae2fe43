"""From a traced graph to straight-line NumPy."""
