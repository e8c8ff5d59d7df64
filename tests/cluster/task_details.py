"""A run's `task_details` as Kubeflow Pipelines 2.17 lists them: every node of Argo's, in no order.

No node names its pod nor its parent; children are pods by name. With Kubeflow's default retries
each node stands beside its attempts, `X` beside `X(0)`. A step has a driver before it and an
executor below it, a loop one driver for all and one an iteration.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

Steps = Mapping[str, str | Mapping[str, Sequence[str]]]
"""The state of each step that has begun; of a loop, those of its step by its iterations."""

_SINCE, _NEVER = "2026-11-28T12:19:42Z", "0001-01-01T00:00:00Z"
_LIVE = ("PENDING", "RUNNING")


class _Node(NamedTuple):
    """A node, by its way down from the workflow."""

    way: str
    state: str
    pod: bool = False


def listed(run: str, workflow: str, state: str, steps: Steps) -> list[dict[str, Any]]:
    """The nodes of a run.

    Args:
        run: its id.
        workflow: the name of its workflow.
        state: the run's own.
        steps: a step that is PENDING waits for its pod.
    """
    inside = [node for name, of in steps.items() for node in _step("root", name, of)]
    whole = _around([*inside, _Node("", state)])
    found = [
        *_tried(workflow, whole),
        *_driver("root"),
        *_tried("root", whole),
        *inside,
    ]
    return sorted((_entry(run, workflow, node) for node in found), key=lambda item: item["task_id"])


def _step(parent: str, name: str, state: str | Mapping[str, Sequence[str]]) -> Iterator[_Node]:
    way = f"{parent}/{name}"
    if not isinstance(state, str):
        inside = list(_loop(way, state))
        yield from _tried(way, _around(inside))
        yield from inside
        return
    yield from _driver(way)
    # Only a pod waits: what stands around it runs.
    around = "RUNNING" if state in _LIVE else state
    yield from _tried(way, around)
    yield _Node(f"{way}/executor", around)
    yield _Node(f"{way}/executor(0)", state, pod=True)


def _loop(way: str, steps: Mapping[str, Sequence[str]]) -> Iterator[_Node]:
    yield from _driver(f"{way}/iteration")
    ((name, states),) = steps.items()
    iterations = f"{way}/iteration-iterations"
    each = []
    for number, state in enumerate(states):
        item = f"{iterations}/{number}/iteration-item"
        inside = [*_step(item, name, state)]
        each += [
            *_tried(f"{iterations}/iteration-iterations({number}:{number})", _around(inside)),
            *_driver(item),
            *_tried(item, _around(inside)),
            *inside,
        ]
    yield _Node(iterations, _around(each))
    yield from each


def _driver(way: str) -> Iterator[_Node]:
    yield _Node(f"{way}-driver", "SUCCEEDED")
    yield _Node(f"{way}-driver(0)", "SUCCEEDED", pod=True)


def _tried(way: str, state: str) -> Iterator[_Node]:
    yield _Node(way, state)
    yield _Node(f"{way}(0)", state)


def _around(inside: Sequence[_Node]) -> str:
    """The state of what stands around these: it runs while one of them does."""
    states = {node.state for node in inside}
    if states & set(_LIVE):
        return "RUNNING"
    return next((state for state in ("FAILED", "CANCELED") if state in states), "SUCCEEDED")


def _entry(run: str, workflow: str, node: _Node) -> dict[str, Any]:
    name = node.way.rpartition("/")[2]
    history = ["PENDING" if node.pod else "RUNNING"]
    history += [node.state] if node.state not in history else []
    entry: dict[str, Any] = {
        "run_id": run,
        "task_id": str(uuid5(NAMESPACE_URL, f"{run}/{node.way}")),
        "display_name": name,
        "create_time": _SINCE,
        "start_time": _SINCE,
        "end_time": _NEVER if node.state in _LIVE else _SINCE,
        "state": node.state,
        "state_history": [{"update_time": _SINCE, "state": state} for state in history],
    }
    if name != "executor(0)":
        child = f"{workflow}-{crc32(node.way.encode())}"
        entry["child_tasks"] = [{"pod_name": child}]
    return entry
