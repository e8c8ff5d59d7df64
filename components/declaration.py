"""How a component is declared to kfp, and what means the same in every component.

A component's docstring describes what is its own; kfp reads there the descriptions below as well.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any

from kfp import dsl

from components.descriptions import complete

INPUTS = {
    "store": "root of the store, a folder or an object-store URL.",
    "config": "one profile of params.yaml, as canonical JSON.",
    "tracking": "MLflow's tracking URI.",
    "plan": "the plan's key.",
    "candidates": "the candidates' key.",
    "shard": "the key of its plan, and its id.",
    "after": "ids of the shards that must be trained before; only their order matters.",
    "spot": "the pool of nodes for the first attempts.",
    "on_demand": "the pool of nodes for the last attempt.",
    "spot_attempts": "how often a shard may be lost before its loop runs on demand.",
}
OUTPUTS = {
    "selector": "labels of the nodes to train on.",
    "tolerations": "the taints of those nodes.",
    "affinity": "a NodeAffinity for them, or nothing.",
    "gpu": "what their GPUs are called.",
    "gpus": "how many GPUs a pod gets.",
}


def component(image: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator that makes a function a component; the function's text is what a pod runs.

    Args:
        image: the image to run it in, of `components.images`.
        options: as `dsl.component` takes them.
    """

    def declare(function: Callable[..., Any]) -> Any:
        found = signature(function)
        outputs = getattr(found.return_annotation, "_fields", ["Output"])
        function.__doc__ = complete(
            str(function.__doc__), found.parameters, outputs, INPUTS, OUTPUTS
        )
        # Our images hold kfp.
        return dsl.component(function, base_image=image, install_kfp_package=False, **options)

    return declare
