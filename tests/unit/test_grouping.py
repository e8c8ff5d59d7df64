"""Which tasks to train together: the best partition into networks, against brute force."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from math import fsum
from pathlib import Path

import numpy as np
import pytest

from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.main import main
from taskonomy.errors import BadInput
from taskonomy.taxonomy.grouping import group

NAMES = ("autoencoding", "denoising", "depth_zbuffer", "normal", "reshading", "room_layout")


def candidates(seed: int, names: tuple[str, ...] = NAMES) -> list[Candidate]:
    """First-order transfers between all tasks, of random worth, with intervals."""
    rng = np.random.default_rng(seed)
    rows = []
    for target in names:
        worth = rng.dirichlet(np.ones(len(names) - 1))
        for source, p in zip((n for n in names if n != target), worth.tolist(), strict=True):
            ends = {"affinity_low": p * 0.9, "affinity_high": min(1.0, p * 1.1)}
            rows.append(
                Candidate(
                    regime="r",
                    target=target,
                    sources=(source,),
                    kind="transfer",
                    affinity=p,
                    **ends,
                )
            )
    return rows


def partitions(names: tuple[str, ...], most: int) -> Iterator[list[list[str]]]:
    """Every partition into at most so many parts."""
    if not names:
        yield []
        return
    first, rest = names[0], names[1:]
    for parts in partitions(rest, most):
        for i in range(len(parts)):
            yield [*parts[:i], [first, *parts[i]], *parts[i + 1 :]]
        if len(parts) < most:
            yield [[first], *parts]


@pytest.mark.parametrize("networks", [1, 2, 3, 6])
def test_no_partition_is_worth_more(networks: int) -> None:
    found = group(candidates(networks), networks)
    assert len(found.groups) <= networks
    assert sorted(name for members in found.groups for name in members) == list(NAMES)

    def worth(parts: list[list[str]]) -> float:
        pairs = [pair for part in parts for pair in combinations(sorted(part), 2)]
        return fsum(found.pulls[pair].worth for pair in pairs)

    best = max(worth(parts) for parts in partitions(NAMES, networks))
    assert found.worth == pytest.approx(best)
    assert worth([list(members) for members in found.groups]) == pytest.approx(best)


def test_a_pair_s_evidence_is_its_affinities_over_chance_with_their_intervals() -> None:
    rows = candidates(0, NAMES[:3])
    one = group(rows, 1).pulls["autoencoding", "denoising"]
    forth = next(c for c in rows if (c.sources, c.target) == (("autoencoding",), "denoising"))
    assert one.forth == pytest.approx(forth.affinity / 0.5)
    both = [one.forth, one.back]
    expected = 1 if min(both) * 0.9 > 1 else -1 if max(both) * 1.1 < 1 else 0
    assert one.sure == expected


def test_a_task_with_a_failed_readout_is_left_out_and_nothing_to_group_is_bad_input() -> None:
    rows = [c for c in candidates(1) if (c.sources, c.target) != (("normal",), "reshading")]
    left = {name for members in group(rows, 2).groups for name in members}
    assert left == set(NAMES) - {"reshading"}
    with pytest.raises(BadInput, match="no two tasks that serve each other"):
        group(rows[:1], 2)
    with pytest.raises(BadInput, match="--networks: found 0, expected at least 1"):
        group(rows, 0)


def test_a_task_that_is_left_out_is_named_with_what_was_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [c for c in candidates(1) if (c.sources, c.target) != (("normal",), "reshading")]
    assert group(rows, 2).left_out == {"reshading": "transfer from normal not measured"}
    table.write(tmp_path / "t.parquet", rows)
    assert main(["group", str(tmp_path / "t.parquet"), "--networks", "2", "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "left out: reshading (transfer from normal not measured)\n"
    assert set(json.loads(printed.out)["left_out"]) == {"reshading"}

    rows = [c for c in candidates(1) if c.target != "normal"]
    assert group(rows, 2).left_out == {"normal": "no target of a transfer"}
    rows = [c for c in candidates(1) if c.sources != ("normal",)]
    assert group(rows, 2).left_out == {"normal": "no source of a transfer"}


def test_a_target_that_no_source_serves_is_named() -> None:
    rows = [
        replace(c, affinity=0.0, affinity_low=0.0, affinity_high=0.0) if c.target == "normal" else c
        for c in candidates(1)
    ]
    with pytest.raises(BadInput, match="every transfer into 'normal' has affinity 0"):
        group(rows, 2)


def test_the_command_tells_networks_and_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "affinity.parquet"
    table.write(path, candidates(2))
    assert main(["group", str(path), "--networks", "2"]) == 0
    printed = capsys.readouterr().out
    assert "above chance in both directions" in printed
    assert all(name in printed for name in NAMES)
    assert main(["group", str(path), "--networks", "2", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert sorted(name for g in content["groups"] for name in g["tasks"]) == sorted(NAMES)
    assert main(["group", str(path), "--networks", "two"]) == 2
