"""Taskonomy: which visual tasks transfer to which, and which ones to label."""

__version__ = "0.1.0"
