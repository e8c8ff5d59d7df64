"""A source of the user's own joins a finished run: readouts of it for every target.

Its readouts are trained and tested as those of the run's own sources are, alone and in pairs with
each target's best sources, and meet them in the same tournaments.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
from tqdm import tqdm

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary.tasks import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.runs.run import Run
from taskonomy.studies import figures
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Batch, kept, train
from taskonomy.studies.names import custom_id
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.sweep import policies
from taskonomy.training.identity import ModelRef, model_path, source_id
from taskonomy.training.model_losses import affinities
from taskonomy.training.workspace import Workspace
from taskonomy.workers import WORKERS

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Own:
    """A source of the user's own.

    Attributes:
        name: under which it stands in tables.
        codes: where the store keeps its codes of the run's represented views.
        cost: of its labels, in units of one labelled task.
    """

    name: str
    codes: tuple[str, str]
    cost: float


def own_source(
    run: Run,
    name: str,
    where: str,
    weights: Path | None,
    cost: float,
    trust_pickle: bool = False,
) -> Own:
    """Load an encoder and encode the run's transfer and test images with it.

    Raises:
        BadInput: the name is taken or no name, or the encoder or its weights cannot be used.
    """
    taken = {alias for entry in DICTIONARY for alias in (entry.name, *entry.aliases)}
    if name in taken or not _NAME.fullmatch(name):
        reason = "a task of the dictionary" if name in taken else "no plain name"
        raise BadInput(f"source {name!r}: {reason}; expected a new name in small letters")
    if not 0 <= cost < float("inf"):
        raise BadInput(f"--cost: found {cost}, expected a number >= 0")
    from taskonomy.studies.encoders import load
    from taskonomy.training.encoders import represent
    from taskonomy.training.session import Session

    module = load(where, weights, run.context.tracking, trust_pickle)
    codes = represent(Session(run.workspace), module, f"--encoder {where}")
    return Own(name, codes, cost)


def join(run: Run, own: Own) -> Path:
    """Train the source's readouts and leave its files in `<out>/sources/<name>`.

    Returns:
        That folder: `affinity.parquet` for `taskonomy solve`, with every candidate of the run and
        those of the new source; a text, a table and a figure of how it does.
    """
    refs = readout_refs(run, own)

    def measured() -> Findings:
        train(own.name, run, [batches(run, own)], training_seconds(run, own))
        return _findings(run, own, refs)

    folder = run.out / "sources" / own.name
    return kept(run, "source", refs, own.name, measured, folder, cost=own.cost)


def batches(run: Run, own: Own) -> list[Batch]:
    """The source's readouts, in as many batches as there are workers."""
    refs = readout_refs(run, own)
    shares = [run.targets[i::WORKERS] for i in range(WORKERS)]
    return [
        Batch(run.workspace, some, partial(train_own, run.workspace, own, some))
        for targets in shares
        if (some := tuple(ref for ref in refs if ref.target in targets))
    ]


def readout_refs(run: Run, own: Own) -> list[ModelRef]:
    """The source's readouts, a target's together: alone, and with each of its best sources."""
    transfer = run.workspace.config.transfer
    ranks = run.ranks()
    return [
        ModelRef(
            _identity(run.workspace, own, target, with_),
            *("transfer", target, (own.name, *with_), run.regime),
        )
        for target in run.targets
        for with_ in [
            (),
            *((name,) for name in ranks.get(target, [])[: transfer.top] if transfer.max_order > 1),
        ]
    ]


def train_own(workspace: Workspace, own: Own, refs: Sequence[ModelRef]) -> None:
    """Train readouts of the source; those of a target stand together."""
    from taskonomy.training.representations import represent
    from taskonomy.training.session import Session
    from taskonomy.training.transfers import Member, stacks_of, target_loaders, train_readouts

    session = Session(workspace)
    codes = {own.name: np.asarray(np.load(workspace.store.local(*own.codes), mmap_mode="r"))}
    missing = [ref for ref in refs if not workspace.store.exists(*model_path(ref.identity))]
    with tqdm(total=len(missing), desc=own.name, unit="readout", mininterval=1) as bar:
        for (target, regime), group in groupby(missing, key=lambda ref: (ref.target, ref.regime)):
            loaders = target_loaders(session, workspace.dictionary[target], regime)
            members = []
            for ref in group:
                codes |= {s: represent(session, s) for s in ref.sources if s not in codes}
                members.append(Member(ref, [codes[source] for source in ref.sources]))
            for stack in stacks_of(session, members, loaders):
                train_readouts(session, stack, loaders)
                bar.update(len(stack))


def training_seconds(run: Run, own: Own) -> Callable[[ModelRef], float]:
    """What a readout of the source takes, by the times of the run's own and the code's width."""
    from taskonomy.studies import readout_times
    from taskonomy.training.session import Session

    codes = np.load(run.workspace.store.local(*own.codes), mmap_mode="r")
    further = readout_times.further(Session(run.workspace), codes.shape[1])
    known = run.dictionary
    return lambda ref: run.seconds.model(ref) + further(known[ref.target], ref.regime)


def _findings(run: Run, own: Own, refs: Sequence[ModelRef]) -> Findings:
    jobs = [job for job in run.jobs if job.regime == run.regime]
    candidates = affinities(run.workspace, jobs, refs)
    identities = {(ref.target, tuple(sorted(ref.sources))): ref.identity for ref in refs}
    rows: list[Row] = []
    for target in run.targets:
        first = [c for c in candidates if c.target == target and c.order == 1]
        first = [c for c in first if c.kind == "transfer"]
        first.sort(key=lambda c: -c.affinity)
        for place, c in enumerate(first, start=1):
            if c.sources == (own.name,):
                rows.append(
                    {
                        "target": target,
                        "place": place,
                        "of": len(first),
                        "affinity": c.affinity,
                        "low": c.affinity_low,
                        "high": c.affinity_high,
                        "gain": c.win_vs_scratch,
                        "quality": c.win_vs_supervised,
                        "model_id": identities[target, c.sources],
                    }
                )
    if not rows:
        raise BadInput(f"source {own.name}: every readout of it failed; expected some to train")
    shown = [{k: v for k, v in row.items() if k != "model_id"} for row in rows]
    text = (
        f"The source {own.name}, at a label cost of {own.cost:g}, among the run's "
        "sources, target by target (place: among\nfirst-order transfers by affinity, 95% bootstrap "
        "interval over test images; gain: win rate against\nscratch; quality: against full "
        f"supervision).\n\n{as_text(shown)}\n{_bought(run, own, candidates)}"
    )
    names = [str(row["target"]) for row in rows]
    values = {key: [float(row[key]) for row in rows] for key in ("gain", "quality")}
    figure = figures.bars(names, values, f"win rate of {own.name}", even=0.5)
    return Findings(text=text, tables={"readouts": rows}, figure=figure, candidates=candidates)


def _bought(run: Run, own: Own, candidates: Sequence[Candidate]) -> str:
    """For which of the profile's questions the optimal taxonomy buys the source."""
    asked = run.workspace.config.taxonomy
    cost = {**asked.costs, own.name: own.cost}
    question = Question(scale=asked.scale, cost=cost, dictionary=run.dictionary)
    solved = policies(candidates, asked.budgets, range(1, asked.max_order + 1), question)
    buying = [f"{p.budget:g} (order {p.max_order})" for p in solved if own.name in p.sources]
    where = ", ".join(buying) if buying else "none"
    return f"Optimal taxonomies that buy it, of {len(solved)}, at budgets: {where}.\n"


def _identity(workspace: Workspace, own: Own, target: str, with_: tuple[str, ...]) -> str:
    others = sorted(source_id(workspace, name) for name in with_)
    return custom_id(workspace, "transfer", target, own=own.codes, others=others)
