"""The pools of nodes that training runs on: a cheap one that may vanish, and one that stays.

Kubeflow cannot move a step that was preempted: what it retries, it retries where it was, and in a
loop it retries nothing. So a run asks the store how often each shard was begun: shards that were
lost often enough are trained on nodes that stay.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from taskonomy.errors import BadInput
from taskonomy.runs import outcomes
from taskonomy.store import Store


class Pool(NamedTuple):
    """Nodes to train on, as Kubernetes names them.

    Attributes:
        selector: labels that a node must have.
        tolerations: the taints that a pod may ignore, as a pod lists them.
        affinity: a NodeAffinity; empty asks for nothing more.
        gpu: what GPUs are called, `nvidia.com/gpu`; any device plugin's name.
        gpus: how many of them a pod gets; a string, as Kubeflow fills no number in there.
    """

    selector: dict[str, Any]
    tolerations: list[Any]
    affinity: dict[str, Any]
    gpu: str
    gpus: str


def choose(
    store: str,
    shards: Sequence[str],
    spot: Mapping[str, Any],
    on_demand: Mapping[str, Any],
    spot_attempts: int,
) -> Pool:
    """The pool for the shards of one loop, all of them: Kubeflow places a loop's pods alike.

    Args:
        store: root of the store, which knows how often each shard was begun.
        shards: the addresses of the loop's shards.
        spot: the pool for the first attempts, with the keys of `Pool`.
        on_demand: the pool for the last attempt.
        spot_attempts: how often a shard may be begun before it counts as lost too often.

    Raises:
        BadInput: a pool lacks a key, has an unknown one, or a value of another type.
    """
    pools = _pool("spot", spot), _pool("on_demand", on_demand)
    place = Store(store)
    found = [outcomes.read(place, shard) for shard in shards]
    lost = [one for one in found if one is not None and one.status != "finished"]
    return pools[any(one.attempts >= spot_attempts for one in lost)]


def _pool(name: str, values: Mapping[str, Any]) -> Pool:
    kinds: dict[str, type] = {
        "selector": dict,
        "tolerations": list,
        "affinity": dict,
        "gpu": str,
        "gpus": str,
    }
    if set(values) != set(kinds):
        raise BadInput(
            f"pool {name}: found the keys {', '.join(sorted(values)) or 'none'}; "
            f"expected {', '.join(kinds)}"
        )
    for key, kind in kinds.items():
        if not isinstance(values[key], kind):
            raise BadInput(f"pool {name}.{key}: found {values[key]!r}; expected a {kind.__name__}")
    if not values["gpus"].isdecimal():
        raise BadInput(f"pool {name}.gpus: found {values['gpus']!r}; expected a whole number")
    return Pool(**values)
