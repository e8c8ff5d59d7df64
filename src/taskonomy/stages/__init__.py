"""The stages of the road, one file each, named as its component and its stage of dvc.yaml.

A stage is a pure function of the configuration and of outputs in the store. The place of its own
output is the hash of both, so a stage that has finished is skipped. The command line, the Kubeflow
components and dvc.yaml all call these. Heavy libraries are imported inside, so that each process
pays for what it uses.
"""
