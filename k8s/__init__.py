"""The manifests, and their checks: `python -m k8s.check`."""
