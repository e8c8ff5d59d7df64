"""How a component is declared to kfp, and what means the same in every component.

A component's docstring describes what is its own; kfp reads there the descriptions below as well.
"""

import os
from collections.abc import Callable
from inspect import signature
from typing import Any

from kfp import dsl

from components.descriptions import complete

INPUTS = {
    "store": "root of the store, a folder or an object-store URL.",
    "config": "key of the run's configuration.",
    "tracking": "MLflow's tracking URI.",
    "profile": "name of a profile of the params.yaml that the images hold.",
    "dictionary": "files that declare tasks of the user's own.",
    "seed": "the seed; empty takes the profile's.",
    "tasks": "the tasks; none takes the profile's.",
    "images": "how many images the embedded rooms have; empty takes the profile's.",
    "regimes": "sizes of the transfer set in images; none takes the profile's.",
    "budgets": "budgets to solve for; none takes the profile's.",
    "overrides": "other keys of params.yaml, nested as there.",
    "configuration": "the whole configuration, as the run has it.",
    "plan": "the plan's key.",
    "candidates": "the candidates' key.",
    "shard": "the key of its plan, and its id.",
    "after": "ids of the shards that must be trained before; only their order matters.",
    "spot": "the pool of nodes for the first attempts.",
    "on_demand": "the pool of nodes for the last attempt.",
    "spot_attempts": "how often a shard may be lost before its loop runs on demand.",
}
OUTPUTS = {
    "config": "key of the run's configuration, which the other steps read in the store.",
    "selector": "labels of the nodes to train on.",
    "tolerations": "the taints of those nodes.",
    "affinity": "a NodeAffinity for them, or nothing.",
    "gpu": "what their GPUs are called.",
    "gpus": "how many GPUs a pod gets.",
}
EXECUTOR = "kfp.dsl.executor_main"
"""The word by which kfp.local knows a component that is a Python function."""


def component(image: str) -> Callable[[Callable[..., Any]], Any]:
    """A decorator that makes a function a component.

    A pod runs the function as its image holds it (`taskonomy.execution.component`). kfp would carry
    the function's text along instead, in every copy of a pod's description that Argo keeps.

    Args:
        image: the image to run it in, of `components.images`.
    """

    def declare(function: Callable[..., Any]) -> Any:
        found = signature(function)
        outputs = getattr(found.return_annotation, "_fields", ["Output"])
        function.__doc__ = complete(
            str(function.__doc__), found.parameters, outputs, INPUTS, OUTPUTS
        )
        if os.environ.get("_KFP_RUNTIME") == "true":
            return function  # in a pod, where kfp is its executor alone
        # Our images hold kfp.
        made = dsl.component(function, base_image=image, install_kfp_package=False)
        container = made.component_spec.implementation.container
        container.command = ["python3", "-m", "taskonomy.execution.component"]
        container.args = [EXECUTOR, function.__name__, "{{$}}"]
        return made

    return declare
