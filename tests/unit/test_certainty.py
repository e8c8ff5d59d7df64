"""How sure a taxonomy, a tree and a ranking are; the map; self-supervised sources."""

import numpy as np
import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.evaluation.consensus import consensus
from taskonomy.evaluation.methods import methods
from taskonomy.evaluation.self_supervised import self_supervised
from taskonomy.evaluation.stability import stability
from taskonomy.evaluation.task_map import task_map
from taskonomy.evaluation.tree import tree_of
from taskonomy.taxonomy.hypergraph import Question
from tests.unit.tournaments import bradley_terry_losses

NAMES = ("autoencoding", "denoising", "normal", "reshading")


def edge(target: str, source: str, p: float, gain: float = 0.5) -> Candidate:
    return Candidate(
        regime="r",
        target=target,
        sources=(source,),
        kind="supervised" if source == target else "transfer",
        affinity=p,
        win_vs_scratch=gain,
        win_vs_supervised=gain / 2,
    )


def everything() -> list[Candidate]:
    """Two pairs of twins: each serves its twin well and the others badly."""
    twins = {frozenset(NAMES[:2]), frozenset(NAMES[2:])}
    return [
        edge(target, source, 0.5 if source == target else 0.3 if {source, target} in twins else 0.1)
        for target in NAMES
        for source in NAMES
    ]


def test_an_edge_s_share_is_that_of_the_replicates_that_choose_it() -> None:
    rows = [edge("normal", "reshading", 0.6), edge("normal", "denoising", 0.4)]
    rows += [edge("reshading", "reshading", 0.5), edge("reshading", "denoising", 0.5)]
    # With one label, three replicates prefer denoising for both targets, one reshading.
    drawn = np.array([[0.2, 0.8, 0.4, 0.6]] * 3 + [[0.8, 0.2, 0.6, 0.4]])
    (found,) = consensus(rows, drawn, Question(scale="raw"), [1])
    shares = {(e.target, e.sources[0]): share for e, share in found.edge_shares.items()}
    assert shares == pytest.approx(
        {
            ("normal", "denoising"): 0.75, ("normal", "reshading"): 0.25,
            ("reshading", "denoising"): 0.75, ("reshading", "reshading"): 0.25,
        }
    )  # fmt: skip
    assert found.source_shares == {"denoising": 0.75, "reshading": 0.25}
    # The taxonomy of all images may buy reshading (1.1 against 0.9); the consensus does not.
    assert found.policy.sources == ("denoising",)
    assert found.agreement == pytest.approx(0.75)
    assert found.same_sources == 0.75


def test_a_join_s_share_is_that_of_the_replicates_that_have_it() -> None:
    def affinities(rows: list[Candidate]) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {name: {} for name in NAMES}
        for c in rows:
            found[c.target][c.sources[0]] = c.affinity
        return found

    usual = affinities(everything())
    names = dict(zip(NAMES, (NAMES[0], NAMES[2], NAMES[1], NAMES[3]), strict=True))
    other = {
        names[target]: {names[source]: p for source, p in row.items()}
        for target, row in usual.items()
    }
    found = stability(usual, [usual, usual, usual, other])
    assert found is not None
    shares = dict(zip(found.tree.joins(), found.shares, strict=True))
    assert shares == {NAMES[:2]: 0.75, NAMES[2:]: 0.75, tuple(sorted(NAMES)): 1.0}
    assert found.agreement[0] == 1


def test_fewer_than_two_sources_have_no_tree_and_no_map() -> None:
    for affinities in ({}, {"normal": {"reshading": 0.4}}):
        assert tree_of(affinities) is None
        assert stability(affinities, [affinities]) is None
        assert task_map(affinities) is None


def test_the_map_starts_at_random_and_comes_to_rest_with_twins_side_by_side() -> None:
    affinities: dict[str, dict[str, float]] = {name: {} for name in NAMES}
    for c in everything():
        affinities[c.target][c.sources[0]] = c.affinity
    found = task_map(affinities)
    again = task_map(affinities)
    assert found is not None
    assert again is not None
    np.testing.assert_array_equal(found.frames, again.frames)
    place = dict(zip(found.sources, found.frames[-1], strict=True))
    apart = {
        (a, b): float(np.linalg.norm(place[a] - place[b])) for a in NAMES for b in NAMES if a < b
    }
    twins = [apart["autoencoding", "denoising"], apart["normal", "reshading"]]
    others = [d for pair, d in apart.items() if d not in twins]
    assert max(twins) < min(others)
    moved = np.linalg.norm(np.diff(found.frames[-2:], axis=0), axis=-1).max()
    assert moved < 0.02  # at rest
    assert found.stress < 0.35


def test_the_methods_agree_on_a_consistent_tournament() -> None:
    strengths = np.array([4.0, 2.0, 1.0, 0.5, 0.25])
    losses = bradley_terry_losses(strengths, 4000, np.random.default_rng(0))
    found = methods(losses)
    assert found.same_best
    assert found.bradley_terry_agrees == found.hodge_rank_agrees == pytest.approx(1)
    assert found.cyclic < 0.01
    np.testing.assert_allclose(found.bradley_terry, strengths / strengths.sum(), rtol=0.1)


def test_self_supervised_sources_are_held_against_the_best_for_the_same_targets() -> None:
    rows = [edge("normal", "jigsaw", 0.1, gain=0.3), edge("normal", "reshading", 0.3, gain=0.9)]
    rows += [edge("reshading", "jigsaw", 0.2, gain=0.5), edge("room_layout", "normal", 0.2)]
    (found,) = self_supervised(rows)
    assert found.source == "jigsaw"
    assert found.mean_gain == pytest.approx(0.4)
    assert found.best_gain == pytest.approx((0.9 + 0.5) / 2)
    assert found.mean_quality == pytest.approx(0.2)
