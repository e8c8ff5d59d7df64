"""Ways of training a part of the first-order readouts, and the taxonomies that they lead to."""

import numpy as np
import pytest

from taskonomy.studies import halving, replay
from taskonomy.studies.halving import Rung, Trained
from taskonomy.taxonomy.hypergraph import Question

IMAGES = 40
STEPS = (1, 2, 4, 16)
SOURCES = (
    *("normal", "reshading", "edge_texture", "keypoints2d"),
    *("keypoints3d", "autoencoding", "denoising", "room_layout"),
)
EVERY = np.ones(IMAGES, bool)


def rungs(order: tuple[str, ...] = SOURCES) -> list[dict[str, Trained]]:
    """Readouts of which each is better than the next on most images, on every rung."""
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=1.5, size=(len(order), IMAGES))
    return [
        {name: Trained(steps, place + noise[place]) for place, name in enumerate(order)}
        for steps in STEPS
    ]


def target(name: str, order: tuple[str, ...]) -> replay.Target:
    half, draws = replay.halves(IMAGES, None)
    others = tuple(source for source in order if source != name)
    return replay.Target(
        name=name,
        supervised=np.full(IMAGES, -5.0),
        scratch=np.full(IMAGES, 3.0),
        rungs=rungs(others),
        half=half,
        draws=draws,
    )


def test_the_rungs_are_shares_of_a_regime_and_hold_a_batch() -> None:
    whole = Rung(images=220, steps=16)
    smaller = (Rung(images=32, steps=1), Rung(images=32, steps=2), Rung(images=55, steps=4))
    assert halving.rungs_of(220, 16, 32) == (*smaller, whole)
    # A regime without room for so many has fewer, and none twice.
    assert halving.rungs_of(16, 2, 8) == (Rung(images=8, steps=1), Rung(images=16, steps=2))


def test_half_of_the_sources_go_on_from_each_rung_and_each_readout_counts_once() -> None:
    found = halving.halving(rungs(), EVERY, keep=False)
    going = [{source for at, source in found.trained if at == rung} for rung in range(4)]
    assert [len(sources) for sources in going] == [8, 4, 2, 1]
    assert going[3] <= going[2] <= going[1] <= going[0]
    assert found.known == {"normal": 3}
    assert halving.steps_of(rungs(), found.trained) == 8 * 1 + 4 * 2 + 2 * 4 + 1 * 16
    assert halving.steps_of(rungs(), found.trained) / (8 * 16) == 5 / 16


def test_a_source_that_dropped_out_may_stay_by_its_last_readout() -> None:
    found = halving.halving(rungs(), EVERY, keep=True)
    assert found.trained == halving.halving(rungs(), EVERY, keep=False).trained
    last = {source: max(at for at, name in found.trained if name == source) for source in SOURCES}
    assert found.known == last
    assert set(found.known.values()) == {0, 1, 2, 3}


def test_a_readout_that_failed_is_paid_for_and_is_no_edge() -> None:
    broken = rungs()
    broken[0]["normal"] = Trained(1, np.full(IMAGES, np.nan))
    found = halving.halving(broken, EVERY, keep=True)
    assert (0, "normal") in found.trained
    assert (1, "normal") not in found.trained
    assert "normal" not in found.known
    assert "normal" not in halving.uniform(broken, 0).known


def test_random_screening_takes_at_least_as_many_steps_and_less_than_a_readout_more() -> None:
    for seed, steps in enumerate((1, 16, 17, 40)):
        found = halving.drawn(rungs(), steps, np.random.default_rng(seed))
        assert steps <= halving.steps_of(rungs(), found.trained) < steps + STEPS[-1]
        assert {at for at, _ in found.trained} == {3}
        assert set(found.known) == {source for _, source in found.trained}


def test_halves_do_not_divide_buildings() -> None:
    buildings = np.repeat(np.arange(12), 4)
    half, draws = replay.halves(48, buildings)
    assert [set(half[buildings == one]) for one in range(12)] == [{one % 2} for one in range(12)]
    assert [one.unit for one in draws] == ["building", "building"]
    assert [one.counts.shape[0] for one in draws] == [24, 24]


def test_screening_that_keeps_the_best_sources_leads_to_the_exhaustive_taxonomy() -> None:
    """Both targets have one best source: with one task bought, halving loses nothing by a part."""
    targets = [target("depth_euclidean", SOURCES), target("depth_zbuffer", SOURCES)]
    whole = replay.outcome(targets, lambda t, _: halving.uniform(t.rungs, 3), Question(), (1,))
    halved = replay.outcome(
        targets, lambda t, on: halving.halving(t.rungs, on, keep=False), Question(), (1,)
    )
    assert whole.steps == 2 * 8 * 16  # chosen edges are trained already
    assert halved.steps == 5 / 16 * whole.steps
    np.testing.assert_array_equal(halved.gains[1], whole.gains[1])
    won = float((targets[0].rungs[3]["normal"].losses < 3).mean())
    assert whole.gains[1][0] == pytest.approx(won)


def test_targets_without_a_source_in_common_have_no_taxonomy_of_one_task() -> None:
    targets = [target("depth_euclidean", SOURCES), target("depth_zbuffer", SOURCES[::-1])]
    halved = replay.outcome(
        targets, lambda t, on: halving.halving(t.rungs, on, keep=False), Question(), (1, 2)
    )
    assert set(halved.gains) == {2}


def test_an_edge_that_is_chosen_from_a_lower_rung_is_trained_whole_and_counted() -> None:
    targets = [target("depth_euclidean", SOURCES)]
    low = replay.outcome(targets, lambda t, _: halving.uniform(t.rungs, 0), Question(), (1,))
    # One budget, one target: it is supervised, or its best source is trained whole.
    best = replay.outcome(
        targets,
        lambda t, _: halving.uniform(t.rungs, 0),
        Question(must_not_use=("depth_euclidean",)),
        (1,),
    )
    assert low.steps == 8
    assert best.steps == 8 + 16
