"""A policy drawn: labelled tasks on the left, transferred targets on the right, edges between.

A higher-order transfer joins its sources in a small dot before the target. The layout is computed
here once and is the same for the same policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskonomy.dictionary import Dictionary
from taskonomy.publishing.matrices import by_group

_WIDTH = 550.0
_LEFT, _RIGHT, _JOINT = 194.0, 356.0, 332.0
_PITCH = 23.0
_MARGIN = 30.0


@dataclass(frozen=True, kw_only=True)
class Node:
    """A task at a place; `bought`: labelled and fully used as a source."""

    name: str
    title: str
    group: str
    x: float
    y: float
    bought: bool
    supervised: bool
    tip: str


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line from a source to its target, or to the joint before it.

    `loses`: the transfer does not beat the informed guess.
    """

    path: str
    loses: bool
    group: str
    tip: str
    source: str
    target: str


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Where the sources of a higher-order transfer meet."""

    x: float
    y: float
    to: float
    tip: str
    target: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Everything to draw, in the units of its view box."""

    width: float
    height: float
    left: float
    right: float
    nodes: tuple[Node, ...]
    curves: tuple[Curve, ...]
    joints: tuple[Joint, ...]


def layout(policy: Mapping[str, Any], dictionary: Dictionary) -> Graph:
    """Place the tasks and edges of one solved policy (the solver's JSON, docs/contract.md)."""
    transfers = [edge for edge in policy["edges"] if edge["kind"] != "supervised"]
    supervised = {edge["target"] for edge in policy["edges"] if edge["kind"] == "supervised"}
    bought = by_group(sorted(policy["sources"], key=dictionary.names.index), dictionary)
    rows = max(len(bought), len(transfers), 1)
    height = 2 * _MARGIN + rows * _PITCH
    left = _column(bought, height)
    right = _column(_untangled(transfers, left, dictionary), height)
    nodes = [
        Node(
            name=task.name, title=task.title, group=task.group, x=_LEFT, y=left[task.name],
            bought=True, supervised=task.name in supervised,
            tip=f"{task.title}: labelled, "
            + _uses(task.name, transfers, task.name in supervised),
        )
        for task in (dictionary[name] for name in bought)
    ]  # fmt: skip
    curves, joints = [], []
    for edge in transfers:
        y = right[edge["target"]]
        tip = describe(edge, dictionary)
        joined = len(edge["sources"]) > 1
        nodes.append(
            Node(
                name=edge["target"], title=dictionary[edge["target"]].title,
                group=dictionary[edge["target"]].group, x=_RIGHT, y=y,
                bought=False, supervised=False, tip=tip,
            )
        )  # fmt: skip
        for source in edge["sources"]:
            end = _JOINT if joined else _RIGHT
            curves.append(
                Curve(
                    path=_bend(_LEFT, left[source], end, y), loses=loses_to_guess(edge),
                    group=dictionary[source].group,
                    tip=tip, source=source, target=edge["target"],
                )
            )  # fmt: skip
        if joined:
            joints.append(Joint(x=_JOINT, y=y, to=_RIGHT, tip=tip, target=edge["target"]))
    return Graph(
        width=_WIDTH, height=height, left=_LEFT, right=_RIGHT, nodes=tuple(nodes),
        curves=tuple(curves), joints=tuple(joints),
    )  # fmt: skip


def loses_to_guess(edge: Mapping[str, Any]) -> bool:
    """Whether a policy's edge is known not to beat the informed guess (`Candidate.beats_guess`)."""
    rate = edge.get("win_vs_guess")
    return rate is not None and rate <= 0.5


_OPPONENTS = {
    "win_vs_scratch": "scratch",
    "win_vs_supervised": "full supervision",
    "win_vs_guess": "the informed guess",
}


def describe(edge: Mapping[str, Any], dictionary: Dictionary) -> str:
    """One edge in words."""
    names = " + ".join(dictionary[source].title for source in edge["sources"])
    rates = []
    for key, opponent in _OPPONENTS.items():
        if edge.get(key) is not None:
            rates.append(f"{edge[key]:.0%} against {opponent}")
    wins = f"; wins {', '.join(rates)}" if rates else ""
    return f"{names} → {dictionary[edge['target']].title}: affinity {edge['affinity']:.4f}{wins}"


def _uses(name: str, transfers: Sequence[Mapping[str, Any]], supervised: bool) -> str:
    served = sum(name in edge["sources"] for edge in transfers)
    parts = ["solves itself"] if supervised else []
    if served:
        parts.append(f"serves {served} {'target' if served == 1 else 'targets'}")
    return " and ".join(parts) or "used by no transfer"


def _untangled(
    transfers: Sequence[Mapping[str, Any]], left: Mapping[str, float], dictionary: Dictionary
) -> list[str]:
    """Targets ordered by the mean height of their sources, so that few edges cross."""

    def mean(edge: Mapping[str, Any]) -> float:
        return sum(left[source] for source in edge["sources"]) / len(edge["sources"])

    ordered = sorted(
        transfers, key=lambda edge: (mean(edge), dictionary.names.index(edge["target"]))
    )
    return [edge["target"] for edge in ordered]


def _column(names: Sequence[str], height: float) -> dict[str, float]:
    """Heights that spread the names over the column, never closer than one pitch."""
    span = (height - 2 * _MARGIN) / max(len(names), 1)
    return {name: round(_MARGIN + (i + 0.5) * span, 2) for i, name in enumerate(names)}


def _bend(x0: float, y0: float, x1: float, y1: float) -> str:
    middle = (x0 + x1) / 2
    return f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
