"""Transitivity: is a chain of transfers a to b to c worth its detour? (paper, supplement)

A chain reads c out of what the readout of b from a computes before its head, so that the code of a
reaches c through the labels of b. It is held against the direct transfers from a and from b.
"""

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from taskonomy.runs.run import Run
from taskonomy.studies import agreement, figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Batch, Phase, Study
from taskonomy.studies.names import custom_id
from taskonomy.training.identity import ModelRef, main_regime, model_id, model_path
from taskonomy.training.workspace import Workspace
from taskonomy.workers import WORKERS

MIDDLES = 3
"""So many of a target's best sources are middles of its chains."""


class Chain(NamedTuple):
    """From `first` through `middle` to `target`."""

    first: str
    middle: str
    target: str


def needs(run: Run) -> Sequence[Phase]:
    found = chains(run)
    targets = list(dict.fromkeys(chain.target for chain in found))
    halves = [[c for c in found if c.target in targets[i::WORKERS]] for i in range(WORKERS)]
    return [[_batch(run.workspace, half) for half in halves if half]]


def measure(run: Run) -> Findings:
    rows: list[Row] = []
    for chain in chains(run):
        through = losses.of(run.workspace, _ref(run.workspace, chain).identity)
        opponents = {
            "vs a to c": losses.of_model(run.workspace, "transfer", chain.target, (chain.first,)),
            "vs b to c": losses.of_model(run.workspace, "transfer", chain.target, (chain.middle,)),
            "vs scratch": losses.of_model(run.workspace, "scratch", chain.target),
        }
        if through is not None and all(row is not None for row in opponents.values()):
            rows.append(
                {
                    "a": chain.first,
                    "b": chain.middle,
                    "c": chain.target,
                    **{
                        name: losses.wins(through, row)
                        for name, row in opponents.items()
                        if row is not None
                    },
                }
            )
    names = ("vs a to c", "vs b to c", "vs scratch")
    lines = [
        f"  {name}: {agreement.said([float(row[name]) for row in rows], 3)}, at least half in "
        f"{sum(float(row[name]) >= 0.5 for row in rows)} of {len(rows)}"
        for name in names
    ]
    text = (
        "Chains a to b to c: share of test images on which the chain beats the direct transfer from"
        f"\na, the one from b, and the scratch network; b is one of the {MIDDLES} best sources of "
        "c, a the best\nsource of b.\nMeans over chains with 95% bootstrap over chains:\n"
        + "\n".join(lines)
        + f"\n\n{as_text(rows)}"
    )
    targets = list(dict.fromkeys(str(row["c"]) for row in rows))
    series = {
        name: [
            float(np.mean([float(row[name]) for row in rows if row["c"] == target]))
            for target in targets
        ]
        for name in names
    }
    figure = figures.bars(targets, series, "mean win rate of chains", even=0.5)
    return Findings(text=text, tables={"chains": rows}, figure=figure)


STUDY = Study(needs, measure)


def chains(run: Run) -> list[Chain]:
    """The chains through every target's best sources that are targets themselves."""
    ranks = run.ranks()
    return [
        Chain(next(name for name in ranks[middle] if name != target), middle, target)
        for target, ranked in ranks.items()
        for middle in [name for name in ranked if name in ranks][:MIDDLES]
        if any(name != target for name in ranks[middle])
    ]


def train_chains(workspace: Workspace, found: Sequence[Chain]) -> None:
    """Train the last readout of every chain; the chains of a target stand together."""
    from taskonomy.training.session import Session
    from taskonomy.training.transfers import (
        Member,
        readout_codes,
        stacks_of,
        target_loaders,
        train_readouts,
    )

    session, known = Session(workspace), workspace.dictionary
    missing = [
        c for c in found if not workspace.store.exists(*model_path(_ref(workspace, c).identity))
    ]
    with tqdm(total=len(missing), desc="chains", unit="readout", mininterval=1) as bar:
        for target, group in groupby(missing, key=lambda chain: chain.target):
            loaders = target_loaders(session, known[target], main_regime(workspace))
            members = [
                Member(
                    _ref(workspace, chain),
                    [readout_codes(session, known[chain.middle], chain.first)],
                )
                for chain in group
            ]
            for stack in stacks_of(session, members, loaders):
                train_readouts(session, stack, loaders)
                bar.update(len(stack))


def _batch(workspace: Workspace, found: Sequence[Chain]) -> Batch:
    refs = tuple(_ref(workspace, chain) for chain in found)
    return Batch(workspace, refs, partial(train_chains, workspace, tuple(found)))


def _ref(workspace: Workspace, chain: Chain) -> ModelRef:
    through = model_id(workspace, "transfer", chain.middle, (chain.first,))
    identity = custom_id(workspace, "transfer", chain.target, through=through)
    sources = (chain.first, chain.middle)
    return ModelRef(identity, "transfer", chain.target, sources, main_regime(workspace))
