"""How stages are run: as steps of a pipeline, on this machine, or by DVC."""
