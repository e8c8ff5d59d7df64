"""`taskonomy evaluate`: what a finished run shows without any new training.

Tables as Parquet and CSV, one page of figures, and the exact configuration, in OUT/evaluation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config
from taskonomy.errors import BadInput
from taskonomy.evaluation import tables, taxonomy_tables
from taskonomy.evaluation.consensus import Consensus, consensus
from taskonomy.evaluation.intervals import ENOUGH, LEVEL, REPLICATES
from taskonomy.evaluation.measured import FALSE_DISCOVERIES, Measured, measured
from taskonomy.evaluation.stability import stability
from taskonomy.evaluation.tree import first_order
from taskonomy.publishing import evaluation_files, links
from taskonomy.runs import finished
from taskonomy.runs.affinity_evaluation import Tables, made_with, of_affinities, solve
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.policy import Policy

SOLVED = 100
"""Replicates on which the taxonomies are solved again; intervals use all of them. A taxonomy of the
demo profile takes tenths of a second."""


def evaluate(out: Path, config: Config) -> Path:
    """Evaluate the run in a folder; return the folder of what was written.

    Raises:
        BadInput: there is no finished run there, or it was made with another profile.
        Infeasible: no taxonomy answers the profile's question.
    """
    run = finished.read(out, config)
    if not run.tournaments:
        raise BadInput(f"{out}: found no target with affinities, expected at least one")
    targets = [
        measured(
            one,
            run.buildings.get(one.target),
            config.seed,
            run.choice_buildings.get(one.target),
        )
        for one in tqdm(run.tournaments, desc="replicates", mininterval=1)
    ]
    question, solved = solve(run.candidates, config, run.dictionary)
    made: Tables = {
        "affinities": tables.affinities(targets),
        "methods": tables.methods(targets),
        "agreement": tables.agreement(targets),
        "significance": tables.significance(targets),
        "sanity": tables.sanity(
            run.networks, run.guesses, targets, run.buildings, config.seed, run.dictionary
        ),
        "novel": tables.novel(run.candidates, targets, run.dictionary),
        **of_affinities(run.candidates, question, solved),
    }
    drawn = _drawn(run.candidates, targets)
    common = _common(run.candidates, _drawn(run.candidates, targets, choice=True), question, solved)
    made["edge_shares"] = taxonomy_tables.shares(common, solved)
    made["source_shares"] = taxonomy_tables.bought(common)
    made["consensus"] = taxonomy_tables.consensus(common, solved)
    made |= _tree(run.candidates, drawn)
    configuration = _configuration(run, targets, common) | {"taxonomy": links.about(out)}
    return evaluation_files.write(out, made, configuration, run.dictionary)


def _drawn(
    candidates: Sequence[Candidate], targets: Sequence[Measured], *, choice: bool = False
) -> Float[np.ndarray, "R C"]:
    """The affinities of all candidates in every replicate, by building where that can be.

    Args:
        candidates: in the order of the columns.
        targets: with their replicates.
        choice: whether of the images to choose by, for the targets that have such.
    """
    columns = {
        (one.tournament.target, kind, sources): affinities[:, row]
        for one in targets
        for affinities in [
            one.replicates[one.best_unit].affinity
            if one.choice is None or not choice
            else one.choice
        ]
        for row, (kind, sources) in enumerate(one.tournament.entries)
    }
    return np.stack([columns[c.target, c.kind, c.sources] for c in candidates], axis=1)


def _common(
    candidates: Sequence[Candidate],
    drawn: Float[np.ndarray, "R C"],
    question: Question,
    solved: Sequence[Policy],
) -> list[Consensus]:
    """What the replicates' taxonomies of the highest order have in common."""
    budgets = [policy.budget for policy in solved if policy.max_order == question.max_order]
    return consensus(candidates, drawn[:SOLVED], question, budgets)


def _tree(candidates: Sequence[Candidate], drawn: Float[np.ndarray, "R C"]) -> Tables:
    single = [i for i, c in enumerate(candidates) if c.order == 1]

    def affinities(values: Sequence[float]) -> Mapping[str, Mapping[str, float]]:
        pairs = zip(single, values, strict=True)
        return first_order([replace(candidates[i], affinity=p) for i, p in pairs])

    rows = [affinities(row) for row in drawn[:, single].tolist()]
    found = stability(first_order(candidates), rows)
    if found is None:
        return {}
    median, low, high = found.agreement
    summary = {"branches": len(set(found.branches.values())), "adjusted_rand_median": median}
    summary |= {"adjusted_rand_low": low, "adjusted_rand_high": high}
    return {"tree": taxonomy_tables.tree(found.tree, found.shares), "tree_stability": [summary]}


def _configuration(
    run: finished.Finished, targets: Sequence[Measured], common: Sequence[Consensus]
) -> dict[str, Any]:
    """What the tables were made with, so that they can be made again."""
    drawn = targets[0].draws
    return {
        "run": run.config.model_dump(),
        "data": run.digest,
        "buildings": run.grouping,
        "units": {name: one.units for name, one in drawn.items()},
        "resampled_for_taxonomies_and_tree": targets[0].best_unit,
        "replicates": REPLICATES,
        "level": LEVEL,
        "fewest_buildings_drawn": ENOUGH,
        "false_discovery_rate": FALSE_DISCOVERIES,
        "replicates_solved": SOLVED,
        "budgets_solved": [one.budget for one in common],
        **made_with("runs/evaluation.py"),
    }
