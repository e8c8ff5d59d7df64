"""A task of the user's own, declared in one file, solved from a finished run's representations.

Readouts are trained from every source, then from sets of the best ones; the task needs no network
of its own. What the file holds, `targets/declared.py` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from taskonomy import formats
from taskonomy.affinity.bootstrap import bootstrap, resample
from taskonomy.affinity.measure import LEVEL
from taskonomy.dictionary import Task
from taskonomy.errors import BadInput
from taskonomy.runs.run import Run
from taskonomy.studies import figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import kept, readouts, stored, train
from taskonomy.training.candidates import higher_order
from taskonomy.training.identity import ModelRef, job_ref
from taskonomy.training.job import Job
from taskonomy.training.model_losses import first_order_ranks, losses_of
from taskonomy.training.workspace import Workspace

if TYPE_CHECKING:
    from taskonomy.targets.declared import Declaration


@dataclass(frozen=True)
class Novel:
    """A task that a run does not know.

    Attributes:
        task: its declaration.
        run: the run, whose dictionary knows the task too.
    """

    task: Task
    run: Run

    @property
    def workspace(self) -> Workspace:
        """What the task's readouts are trained on."""
        return self.run.workspace


def novel(run: Run, declared: "Declaration") -> Novel:
    """Let a run know a task of the user's own; the store keeps its file.

    Raises:
        BadInput: the file declares several tasks or one without labels, or a name that the run
            knows already, or its label function fails.
    """
    from taskonomy.training.declarations import keep
    from taskonomy.training.session import Session

    if len(declared.tasks) != 1 or not declared.tasks[0].trained:
        names = ", ".join(task.name for task in declared.tasks)
        raise BadInput(f"found the tasks {names}; expected one, with labels, to solve")
    keep(run.workspace.store, declared)
    novel = known(run, declared.tasks[0])
    Session(novel.workspace).try_label(novel.task)
    return novel


def known(run: Run, task: Task) -> Novel:
    """Let a run know a task whose file the store keeps already."""
    workspace, config = run.workspace, run.workspace.config
    joined = replace(
        workspace,
        config=config.model_copy(update={"tasks": (*config.tasks, task.name)}),
        dictionary=workspace.dictionary.joined([task]),
    )
    return Novel(task, replace(run, workspace=joined))


def solve(novel: Novel) -> Path:
    """Train the readouts that the task needs, and leave its files in `<out>/novel/<name>`.

    Returns:
        That folder: a text with the best transfer policy, a table of all candidates, a figure.
    """
    run, name = novel.run, novel.task.name
    first = first_order(novel)
    train(name, run, [readouts(novel.workspace, first)])
    higher = higher_orders(novel, first)
    refs = refs_of(novel, [*first, *higher])

    def measured() -> Findings:
        train(f"{name}, higher orders", run, [readouts(novel.workspace, higher)] if higher else [])
        return _findings(novel, refs)

    folder = run.out / "novel" / name
    return kept(run, "novel", refs, name, measured, folder, taxonomy=_taxonomy(run))


def solved(novel: Novel, refs: Sequence[ModelRef]) -> str:
    """What models that are trained already show, kept in the store; the key of `novel/<key>`."""

    def measured() -> Findings:
        return _findings(novel, refs)

    run = novel.run
    return stored(run, "novel", refs, novel.task.name, measured, taxonomy=_taxonomy(run))


def first_order(novel: Novel) -> list[Job]:
    """The task's scratch network, then a readout of every source of the run."""
    name, regime = novel.task.name, novel.run.regime
    sources = [source for source in novel.run.tasks if source != name]
    return [
        Job("scratch", name, (), regime),
        *(Job("transfer", name, (source,), regime) for source in sources),
    ]


def higher_orders(novel: Novel, first: Sequence[Job]) -> list[Job]:
    """Readouts of sets of the best sources, as the run chose its own; `first` must be trained."""
    transfer = novel.workspace.config.transfer
    return [
        Job("transfer", novel.task.name, sources, novel.run.regime)
        for ranked in first_order_ranks(novel.workspace, first).values()
        for sources in higher_order(ranked, transfer.top, transfer.max_order)
    ]


def refs_of(novel: Novel, jobs: Sequence[Job]) -> list[ModelRef]:
    """The models that jobs train."""
    return [job_ref(novel.workspace, job) for job in jobs]


def _findings(novel: Novel, refs: Sequence[ModelRef]) -> Findings:
    workspace, run = novel.workspace, novel.run
    scratch = losses.of(workspace, refs[0].identity)
    measured = {
        ref.sources: row for ref in refs[1:] if (row := losses_of(workspace.store, ref)) is not None
    }
    untrained = [
        measured.pop(sources)
        for sources in list(measured)
        if any(map(workspace.dictionary.untrained, sources))
    ]
    random = untrained[0].test if untrained else None
    if scratch is None or len(measured) < 2:
        raise BadInput(f"{novel.task.name}: its networks failed to train; expected finite losses")
    held_out = [*measured.values()]
    table = np.stack([one.test for one in held_out])
    rng = np.random.default_rng(workspace.config.seed)
    found = bootstrap(table, workspace.config.affinity.replicates, LEVEL, rng)
    ranking = losses.ranking(held_out)
    order = np.argsort(-ranking, kind="stable")
    rows: list[Row] = []
    for i in order:
        sources, mine = list(measured)[i], table[i]
        rows.append(
            {
                "sources": " + ".join(sources),
                "order": len(sources),
                "affinity": float(found.affinity[i]),
                "low": float(found.affinity_low[i]),
                "high": float(found.affinity_high[i]),
                **({"affinity choice": float(ranking[i])} if losses.has_choice(held_out) else {}),
                "gain": losses.wins(mine, scratch),
                "vs random": None if random is None else losses.wins(mine, random),
                "test loss": float(mine.mean()),
            }
        )
    best = table[order[0]]
    said = [
        f"it beats {name} on {_interval(best, row, workspace.config.seed)} of the test images"
        for name, row in (("scratch", scratch), ("an untrained encoder's readout", random))
        if row is not None
    ]
    top, inserted = rows[0], _inserted(_taxonomy(run), rows)
    text = (
        f"{novel.task.title}: the best transfer policy is {top['sources']}, affinity "
        f"{top['affinity']:.3f} [{top['low']:.3f}, {top['high']:.3f}]\n(95% bootstrap over "
        f"{table.shape[1]} test images, among {len(rows)} candidates).\n"
        f"{losses.chosen_on(held_out).capitalize()}, {'; '.join(said)}.\n\n{as_text(rows)}\n"
        f"Inserted into the run's taxonomies, from what each labels:\n\n{as_text(inserted)}"
    )
    shown = rows[:15]
    values = {"affinity": [float(row["affinity"]) for row in shown]}
    figure = figures.bars([str(row["sources"]) for row in shown], values, "affinity")
    tables = {"candidates": rows, "taxonomies": inserted}
    return Findings(text=text, tables=tables, figure=figure)


def _taxonomy(run: Run) -> list[dict[str, Any]]:
    """The policies that the run has published for its first regime."""
    policies = formats.TAXONOMY.read(run.out / "taxonomy.json")["policies"]
    return [policy for policy in policies if policy["regime"] == str(run.regime)]


def _inserted(policies: Sequence[Mapping[str, Any]], candidates: Sequence[Row]) -> list[Row]:
    """The task's place in each taxonomy: its best edge from tasks that are labelled in it.

    Args:
        policies: the taxonomies.
        candidates: the task's readouts, best first.
    """
    rows: list[Row] = []
    for policy in policies:
        labelled = set(policy.get("sources", ()))
        open_to = (
            row
            for row in candidates
            if row["order"] <= policy["max_order"]
            and labelled.issuperset(row["sources"].split(" + "))
        )
        best = next(open_to, {})
        rows.append(
            {
                "budget": float(policy["budget"]),
                "max order": policy["max_order"],
                "labels": " + ".join(sorted(labelled)),
                **{name: best.get(name) for name in ("sources", "affinity", "gain")},
            }
        )
    return rows


def _interval(mine: Float[np.ndarray, " N"], theirs: Float[np.ndarray, " N"], seed: int) -> str:
    """A win rate with its 95% bootstrap interval over images, in words."""
    drawn = resample(len(mine), 1000, np.random.default_rng(seed))
    won = ((mine < theirs) + 0.5 * (mine == theirs)) @ drawn / len(mine)
    low, high = np.quantile(won, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return f"{losses.wins(mine, theirs):.2f} [{low:.2f}, {high:.2f}]"
