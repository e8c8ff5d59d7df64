"""The taxonomy artifact and the report."""
