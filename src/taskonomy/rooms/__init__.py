"""Procedural rooms with exact labels."""
