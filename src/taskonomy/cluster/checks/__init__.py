"""Whether a cluster is ready for a run: one module a subject, each yielding findings with a fix."""
