"""Layers: the mark as bytes and back, pure functions that touch no file."""
