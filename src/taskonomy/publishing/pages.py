"""What the report and Kubeflow's pages share: the templates, and policies made ready for them."""

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2

from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.publishing import charts, graph, matrices

_ENOUGH = 0.9


def best_value(policies: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The policy shown first: the smallest budget that reaches 90% of the best mean quality.

    Policies of the highest order only. None where no policy has a mean quality.
    """
    known = [p for p in policies if p["status"] == "optimal" and p["mean_quality"] is not None]
    top = [p for p in known if p["max_order"] == max(q["max_order"] for q in known)]
    if not top:
        return None
    peak = max(p["mean_quality"] for p in top)
    return min(
        (p for p in top if p["mean_quality"] >= _ENOUGH * peak), key=lambda p: float(p["budget"])
    )


def environment(dictionary: Dictionary = DICTIONARY) -> jinja2.Environment:
    """The templates, with the words and numbers that they need."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("taskonomy.publishing"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        named=lambda name: dictionary[name].title,
        group=lambda name: dictionary[name].group,
        inline=lambda name: _inline(dictionary[name].title),
        percent=lambda value: "–" if value is None else f"{100 * value:.0f}%",
        percent1=lambda value: "–" if value is None else f"{100 * value:.1f}",
        rate=lambda value: "–" if value is None else f"{value:.2f}",
        rate3=lambda value: "–" if value is None else f"{value:.3f}",
        count=lambda value: f"{value:,}",
        duration=_duration,
        word=lambda group: {"none": "random"}.get(group, group),
    )
    return made


def solved(policies: Sequence[Mapping[str, Any]], dictionary: Dictionary) -> dict[str, Any]:
    """What `taxonomies.html.j2` shows of one regime's policies."""
    optimal = [p for p in policies if p["status"] == "optimal"]
    shown = best_value(policies) or (optimal[0] if optimal else None)
    return {
        "policies": [_policy(policy, policy is shown, dictionary) for policy in optimal],
        "infeasible": [p for p in policies if p["status"] != "optimal"],
        "shown": shown,
        "full": _full(optimal, shown),
        "budgets": sorted({float(p["budget"]) for p in optimal}),
        "orders": sorted({int(p["max_order"]) for p in optimal}),
        "charts": _charts(optimal),
    }


def groups(names: Sequence[str], dictionary: Dictionary) -> list[str]:
    """The groups that these tasks are of, in their order."""
    found = {dictionary[name].group for name in names}
    return [group for group in matrices.GROUPS if group in found]


def _policy(policy: Mapping[str, Any], shown: bool, dictionary: Dictionary) -> dict[str, Any]:
    """One solved policy with its drawing, and its edges in the order of the groups."""
    edges = {edge["target"]: edge for edge in policy["edges"]}
    order = matrices.by_group([name for name in dictionary.names if name in edges], dictionary)
    return {
        "policy": policy,
        "shown": shown,
        "graph": graph.layout(policy, dictionary),
        "edges": [edges[name] for name in order],
        "guessed": any(edge.get("win_vs_guess") is not None for edge in policy["edges"]),
        "losing": [name for name in order if graph.loses_to_guess(edges[name])],
    }


def _full(
    optimal: Sequence[Mapping[str, Any]], shown: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """The policy of the shown one's order with the largest budget, to compare with."""
    if shown is None:
        return None
    same = [p for p in optimal if p["max_order"] == shown["max_order"]]
    return max(same, key=lambda policy: float(policy["budget"]))


def _charts(optimal: Sequence[Mapping[str, Any]]) -> list[charts.Chart]:
    return [
        charts.curve(optimal, "mean_gain", "Gain", "share of test images won against scratch"),
        charts.curve(
            optimal, "mean_quality", "Quality", "share of test images won against full supervision"
        ),
    ]


def _inline(title: str) -> str:
    """A task's title within a sentence: "surface normals", but "2D edges" and "Z-depth"."""
    return title[0].lower() + title[1:] if title[1].islower() else title


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
