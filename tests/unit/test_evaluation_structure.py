"""The task tree, the structure of the task space, and the curves over budgets."""

import json

import numpy as np
import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.evaluation.clusters import SURFACE
from taskonomy.evaluation.gain import curve
from taskonomy.evaluation.structure import measure, render_text, to_json
from taskonomy.evaluation.tree import adjusted_rand, first_order, task_tree
from taskonomy.taxonomy import released
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.sweep import policies

BRANCHES = {  # the paper's task tree
    "denoising": ["denoise"],
    "semantic": ["segmentsemantic_rb", "class_1000", "class_places"],
    "2D": ["edge2d", "autoencoder", "keypoint2d", "segment2d", "colorization", "impainting_whole"],
    "geometric": [
        *["room_layout", "vanishing_point_well_defined", "point_match", "ego_motion", "fix_pose"],
        *["non_fixated_pose", "random", "jigsaw"],
    ],
    "3D": [
        *["rgb2sfnorm", "segment25d", "curvature", "keypoint3d", "rgb2depth", "rgb2mist"],
        *["edge3d", "reshade"],
    ],
}


def table(seed: int, same_group: float, twin: float = 1.0, surface: float = 1.0) -> list[Candidate]:
    """Affinities that are `same_group` times as large within a group, `twin` times for twins, and
    `surface` times among normals, depths and reshading."""
    rng = np.random.default_rng(seed)
    twins = ({"autoencoding", "denoising"}, {"edge_texture", "keypoints2d"})
    rows = []
    for target in DICTIONARY.targets:
        worth = {
            source: rng.uniform(0.9, 1.1)
            * (same_group if DICTIONARY[source].group == DICTIONARY[target].group else 1)
            * (twin if {source, target} in twins else 1)
            * (surface if {source, target} <= set(SURFACE) else 1)
            for source in DICTIONARY.names
        }
        total = sum(worth.values()) + 5
        for source, value in worth.items():
            rows.append(
                Candidate(
                    regime="r",
                    target=target,
                    sources=(source,),
                    kind="own_readout" if source == target else "transfer",
                    affinity=value / total,
                )
            )
        rows.append(
            Candidate(
                regime="r", target=target, sources=(target,), kind="supervised", affinity=5 / total
            )
        )
    return rows


def test_adjusted_rand_of_known_partitions() -> None:
    assert adjusted_rand([0, 0, 1, 1], ["a", "a", "b", "b"]) == 1
    # Hubert & Arabie's contingency [[1, 1, 0], [1, 2, 1], [0, 0, 4]] has the index .313.
    one = [0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    other = [0, 1, 0, 1, 1, 2, 2, 2, 2, 2]
    assert adjusted_rand(one, other) == pytest.approx(0.3126, abs=1e-3)


def test_the_released_tree_has_the_papers_five_branches(shared) -> None:
    affinities = released.read(shared / "data" / "stanford-results" / "all_affinities_16k.pkl")
    rows = [c for c in released.candidates(affinities) if c.sources != ("class_selected",)]
    found = task_tree(rows).branches(5)
    names = [name for branch in BRANCHES.values() for name in branch]
    expected = [label for label, branch in BRANCHES.items() for _ in branch]
    assert sorted(names) == sorted(found)
    assert adjusted_rand([found[name] for name in names], expected) > 0.94


def test_first_order_is_renormalised_with_full_supervision() -> None:
    rows = table(0, 1.0)
    higher = Candidate(
        regime="r", target="normal", sources=("jigsaw", "reshading"), kind="transfer", affinity=0.9
    )
    by_target = first_order([*rows, higher])
    assert by_target == first_order(rows)
    assert 0 < 1 - sum(by_target["normal"].values()) < 0.5  # what full supervision holds


def test_a_tree_of_groups_has_the_groups_as_branches() -> None:
    tree = task_tree(table(0, 20.0))
    branch = tree.branches()
    together = {name for name in DICTIONARY.names if branch[name] == branch["normal"]}
    assert together == {name for name in DICTIONARY.names if DICTIONARY[name].group == "3D"}
    assert sorted(tree.leaves()) == sorted(DICTIONARY.names)


def test_structure_that_is_there_is_found() -> None:
    found = measure({seed: table(seed, 3.0) for seed in range(3)})
    assert all(c.holds for c in found.comparisons)
    three_d = found.comparisons[0]
    # 7 of 25 sources are worth 3 to a 3D target, the others 1.
    assert three_d.own == pytest.approx(3 / 39, rel=0.02)
    assert three_d.from_other == pytest.approx(1 / 39, rel=0.02)
    assert three_d.low < three_d.difference < three_d.high
    assert found.chance == pytest.approx(1 / 25)


def test_tasks_about_surfaces_that_serve_each_other_share_a_branch() -> None:
    found = measure({seed: table(seed, 3.0, surface=3.0) for seed in range(3)})
    everything, images = found.clusters
    assert everything.together_by_seed == images.together_by_seed == (True, True, True)
    assert everything.together
    assert images.together
    assert set(images.branches[0]) == set(SURFACE)
    groups = [{DICTIONARY[name].group for name in branch} for branch in images.branches]
    assert sorted(map(sorted, groups)) == [["2D"], ["3D"], ["3D"]]


def test_structure_that_is_not_there_is_not_claimed() -> None:
    found = measure({seed: table(seed, 1.0) for seed in range(3)})
    assert [c.low < 0 < c.high for c in found.comparisons] == [True] * 4
    assert not any(clusters.together for clusters in found.clusters)


def test_what_twins_alone_show_vanishes_without_them() -> None:
    found = measure({seed: table(seed, 1.0, twin=50.0) for seed in range(3)})
    with_twins, without = (c for c in found.comparisons if c.targets == "2D")
    assert with_twins.difference > 0.05
    assert abs(without.difference) < 0.005
    assert not without.holds


def test_findings_are_told_in_text_and_as_data() -> None:
    found = measure({seed: table(seed, 3.0) for seed in range(2)})
    assert "8 3D" in render_text(found)
    plain = json.loads(json.dumps(to_json(found)))
    assert plain["comparisons"][0]["difference"] == found.comparisons[0].difference


def test_a_readout_that_failed_with_one_seed_counts_with_none() -> None:
    def without_one(rows: list[Candidate]) -> list[Candidate]:
        return [c for c in rows if (c.target, c.sources) != ("normal", ("jigsaw",))]

    found = measure({0: table(0, 3.0), 1: without_one(table(1, 3.0))})
    assert found.left_out == (("jigsaw", "normal"),)
    assert "not every seed measured it: jigsaw to normal." in render_text(found)
    neither = measure({seed: without_one(table(seed, 3.0)) for seed in range(2)})
    for one, other in zip(found.comparisons, neither.comparisons, strict=True):
        assert one.difference == pytest.approx(other.difference)
    with pytest.raises(BadInput, match="no transfer that all measured"):
        measure({0: table(0, 3.0), 1: []})


def test_the_curve_holds_the_means_of_every_policy() -> None:
    rows = [c for c in table(0, 3.0) if c.kind != "own_readout"]
    points = curve(policies(rows, [2, 1], [1], Question(scale="raw")))
    assert [(p.max_order, p.budget, p.labelled) for p in points] == [(1, 1, 1), (1, 2, 2)]
    assert points[0].gain is None  # the rows have no win rates
    assert len(DICTIONARY) == len(DICTIONARY.names)
