"""What needs new training: one study a file, and sources and tasks of the user's own."""
