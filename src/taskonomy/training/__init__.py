"""Task networks, representations and transfers."""
