"""A compiled pipeline without what its steps carry in vain.

Argo keeps a step's description in the Workflow up to a dozen times, once for each node that it
gives the step (`python -m benchmarks.workflow` counts), and a Workflow has a largest size.
"""

from typing import Any

_RESOURCES = (
    "cpu_limit",
    "cpu_request",
    "memory_limit",
    "memory_request",
    "accelerator_type",
    "accelerator_count",
)


def make_lean(spec: Any) -> None:
    """Take out of kfp's description of a pipeline what nothing reads when it runs.

    kfp 2.17 lists a resource that is a parameter among the step's inputs under the resource's own
    name as well, beside the parameter that the container's resources refer to. What inputs mean is
    said to people by the READMEs of components/ and, for the pipeline's own, by the form of a run.
    """
    for component in spec.components.values():
        for definitions in (component.input_definitions, component.output_definitions):
            for entry in definitions.parameters.values():
                entry.description = ""
            for entry in definitions.artifacts.values():
                entry.description = ""
    for dag in (spec.root.dag, *(component.dag for component in spec.components.values())):
        for task in dag.tasks.values():
            for name in _RESOURCES:
                task.inputs.parameters.pop(name, None)
