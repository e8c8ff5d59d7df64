"""Data: scenes, captures and the real layout."""
