"""The pipelines, each one file that reads like the paper's figure 2, beside its compiled YAML."""
