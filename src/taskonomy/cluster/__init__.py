"""A cluster with Kubeflow: what a run there costs, whether it is ready, and submitting to it."""
