"""Tournaments and the Analytic Hierarchy Process."""
