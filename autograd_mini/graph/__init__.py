"""The floor of all readers: how to walk a recorded graph."""
