"""Encoders, heads, losses and readouts."""
