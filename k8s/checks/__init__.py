"""What an API server and a cluster would object to, found without either: one module a subject."""
