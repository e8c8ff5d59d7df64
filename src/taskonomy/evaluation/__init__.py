"""Gain and quality, structure, the task tree."""
