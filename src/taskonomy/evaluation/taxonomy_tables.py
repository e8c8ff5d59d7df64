"""The tables of `taskonomy evaluate` that need affinities and win rates alone: rows as plain data.

So they can also be made of released results. Sources of a transfer are joined by `+`; a number that
is not known is None.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from typing import Any

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.errors import Infeasible
from taskonomy.evaluation.consensus import Consensus
from taskonomy.evaluation.gain import curve
from taskonomy.evaluation.novel import all_for_one
from taskonomy.evaluation.self_supervised import self_supervised
from taskonomy.evaluation.significance import Spread, chance
from taskonomy.evaluation.task_map import TaskMap
from taskonomy.evaluation.tree import Tree
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.policy import Policy
from taskonomy.taxonomy.sweep import front

Row = dict[str, Any]


def policies(solved: Sequence[Policy]) -> list[Row]:
    """The edge of every target in every taxonomy, with its gain and quality."""
    return [
        {
            "max_order": policy.max_order,
            "budget": float(policy.budget),
            **edge_of(edge),
            "transferred": edge.kind != "supervised",
            "affinity": edge.affinity,
            "gain": known(edge.win_vs_scratch),
            "quality": known(edge.win_vs_supervised),
            "win_vs_guess": known(edge.win_vs_guess),
        }
        for policy in solved
        for edge in policy.edges
    ]


def budgets(
    candidates: Sequence[Candidate], question: Question, solved: Sequence[Policy]
) -> list[Row]:
    """Every taxonomy's means, beside those of 1,000 random feasible ones of the same budget."""
    rows = []
    for point in curve(solved):
        row: Row = {
            "max_order": point.max_order,
            "budget": float(point.budget),
            "labelled": point.labelled,
            "gain": point.gain,
            "quality": point.quality,
            "gain_transferred": point.gain_transferred,
            "quality_transferred": point.quality_transferred,
        }
        asked = replace(question, max_order=point.max_order)
        try:
            drawn = chance(candidates, asked, point.budget)
        except Infeasible:
            row |= {"random_draws": 0, **_spread("random_gain", None)}
            row |= _spread("random_quality", None)
        else:
            row |= {"random_draws": drawn.draws, **_spread("random_gain", drawn.gain)}
            row |= _spread("random_quality", drawn.quality)
        rows.append(row)
    return rows


def fronts(candidates: Sequence[Candidate], question: Question) -> list[Row]:
    """Every budget that buys more than the ones before it, by order."""
    return [
        {
            "max_order": order,
            "budget": float(policy.budget),
            "objective": policy.objective,
            "gain": policy.mean_gain,
            "quality": policy.mean_quality,
            "sources": "+".join(policy.sources),
            "tied": policy.tied,
        }
        for order in range(1, question.max_order + 1)
        for policy in front(candidates, replace(question, max_order=order))
    ]


def novel(
    candidates: Sequence[Candidate], max_order: int, dictionary: Dictionary = DICTIONARY
) -> list[Row]:
    """Every target held out in turn: its best edge from other tasks, by order."""
    return [
        {
            "max_order": order,
            **edge_of(edge),
            "gain": known(edge.win_vs_scratch),
            "quality": known(edge.win_vs_supervised),
        }
        for order in range(1, max_order + 1)
        for edge in all_for_one(candidates, order, dictionary).edges
    ]


def baselines(candidates: Sequence[Candidate]) -> list[Row]:
    """What each self-supervised source gives every target, beside the target's best source."""
    return [
        {
            "source": baseline.source,
            "target": edge.target,
            "gain": known(edge.win_vs_scratch),
            "quality": known(edge.win_vs_supervised),
            "best_source": best.sources[0],
            "best_gain": known(best.win_vs_scratch),
            "best_quality": known(best.win_vs_supervised),
        }
        for baseline in self_supervised(candidates)
        for edge, best in zip(baseline.edges, baseline.best, strict=True)
    ]


def shares(found: Sequence[Consensus], solved: Sequence[Policy]) -> list[Row]:
    """The share of replicates in whose taxonomy an edge is, by budget."""
    chosen = {(p.max_order, p.budget): set(map(_key, p.edges)) for p in solved}
    return [
        {
            "max_order": one.max_order,
            "budget": float(one.budget),
            "replicates": one.replicates,
            **edge_of(edge),
            "share": share,
            "in_taxonomy": _key(edge) in chosen[one.max_order, one.budget],
            "in_consensus": _key(edge) in set(map(_key, one.policy.edges)),
        }
        for one in found
        for edge, share in one.edge_shares.items()
    ]


def consensus(found: Sequence[Consensus], solved: Sequence[Policy]) -> list[Row]:
    """The consensus taxonomy of every budget beside the taxonomy of all test images."""
    by_question = {(p.max_order, p.budget): p for p in solved}
    rows = []
    for one in found:
        policy = by_question[one.max_order, one.budget]
        mine, theirs = set(map(_key, policy.edges)), set(map(_key, one.policy.edges))
        share = {_key(edge): value for edge, value in one.edge_shares.items()}
        rows.append(
            {
                "max_order": one.max_order,
                "budget": float(one.budget),
                "replicates": one.replicates,
                "sources": "+".join(one.policy.sources),
                "taxonomy_sources": "+".join(policy.sources),
                "agreement": one.agreement,
                "taxonomy_agreement": sum(share.get(key, 0.0) for key in mine) / len(mine),
                "edges_in_common": len(mine & theirs),
                "edges": len(mine),
                "same_sources_share": one.same_sources,
                "gain": one.policy.mean_gain,
                "quality": one.policy.mean_quality,
            }
        )
    return rows


def bought(found: Sequence[Consensus]) -> list[Row]:
    """The share of replicates whose taxonomy buys a task, by budget."""
    return [
        {
            "max_order": one.max_order,
            "budget": float(one.budget),
            "task": name,
            "share": share,
            "in_consensus": name in one.policy.sources,
        }
        for one in found
        for name, share in one.source_shares.items()
    ]


def tree(found: Tree, shares: Sequence[float] | None = None) -> list[Row]:
    """Every join of the task tree, lowest first, with the share of replicates that have it."""
    joins = zip(found.merges[:, 2], found.joins(), strict=True)
    return [
        {
            "height": float(height),
            "members": "+".join(members),
            "share": None if shares is None else shares[i],
        }
        for i, (height, members) in enumerate(joins)
    ]


def places(found: TaskMap) -> list[Row]:
    """The map's places, from the random start (frame 0) to rest (the last)."""
    return [
        {"frame": frame, "task": name, "x": float(x), "y": float(y)}
        for frame, positions in enumerate(found.frames)
        for name, (x, y) in zip(found.sources, positions, strict=True)
    ]


def edge_of(edge: Candidate) -> Row:
    """The columns that name an edge."""
    return {
        "target": edge.target,
        "sources": "+".join(edge.sources),
        "order": edge.order,
        "kind": edge.kind,
    }


def known(value: float) -> float | None:
    """A number, or None in place of nan."""
    return None if isnan(value) else value


def _key(edge: Candidate) -> tuple[str, str, tuple[str, ...]]:
    return edge.target, edge.kind, edge.sources


def _spread(name: str, spread: Spread | None) -> Row:
    return {
        f"{name}_mean": None if spread is None else spread.mean,
        f"{name}_low": None if spread is None else spread.low,
        f"{name}_high": None if spread is None else spread.high,
    }
