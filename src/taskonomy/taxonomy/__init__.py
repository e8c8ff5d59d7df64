"""The Boolean Integer Program and its policies."""
