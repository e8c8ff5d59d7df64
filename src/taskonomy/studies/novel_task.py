"""A task of the user's own, declared in one file, solved from a finished run's representations.

The file holds `TASK`, a `taskonomy.dictionary.Task`, and `label(dataset, view)`, which reads the
target of one view. Readouts are trained from every source, then from sets of the best ones; the
task needs no network of its own.
"""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from taskonomy import formats
from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.bootstrap import bootstrap, resample
from taskonomy.affinity.measure import LEVEL
from taskonomy.affinity.tournament import win_rates
from taskonomy.data.layout import Dataset, View
from taskonomy.dictionary import Task
from taskonomy.dictionary.tasks import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.runs.run import Run
from taskonomy.studies import figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Batch, kept, stored, train
from taskonomy.studies.names import custom_id
from taskonomy.studies.novel import cross_chosen
from taskonomy.training.candidates import higher_order
from taskonomy.training.identity import model_path, source_id
from taskonomy.training.model_losses import Ref
from taskonomy.training.workspace import Kind, Workspace
from taskonomy.workers import WORKERS

LOSSES = ("l1", "l2", "l2_norm", "cross_entropy")

Label = Callable[[Dataset, View], Any]


@dataclass(frozen=True)
class Declared:
    """A task of the user's own.

    Attributes:
        file: that declares it.
        task: target, loss and head.
        label: reads the target of one view: numbers [channels] for a vector head (soft classes for
            the cross entropy), a map [H, W] or [H, W, channels] in [-1, 1] for an image head, nan
            where it is missing.
        content: a hash of the file.
    """

    file: Path
    task: Task
    label: Label
    content: str


def declared(file: Path) -> Declared:
    """Read a declaration.

    Raises:
        BadInput: there is no such file, it cannot be run, or it declares no task of this kind.
    """
    if not file.is_file():
        raise BadInput(f"{file}: no such file; expected one that declares TASK and label")
    spec = importlib.util.spec_from_file_location(f"declared_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise BadInput(f"{file}: not a Python file; expected one that declares TASK and label")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadInput(f"{file}: {type(error).__name__}: {error}; expected it to run") from error
    of, label = getattr(module, "TASK", None), getattr(module, "label", None)
    if not isinstance(of, Task) or not callable(label):
        raise BadInput(
            f"{file}: found TASK {type(of).__name__} and label {type(label).__name__}; expected a "
            "taskonomy.dictionary.Task and a function of a data set and a view"
        )
    _check(file, of)
    return Declared(file, of, label, sha256(file.read_bytes()).hexdigest()[:20])


def solve(run: Run, novel: Declared) -> Path:
    """Train the readouts that the task needs, and leave its files in `<out>/novel/<name>`.

    Returns:
        That folder: a text with the best transfer policy, a table of all candidates, a figure.
    """
    first = first_order(run, novel)
    train(novel.task.name, run, [batches(run, novel, first)])
    higher = higher_orders(run, novel, first)

    def measured() -> Findings:
        train(f"{novel.task.name}, higher orders", run, [batches(run, novel, higher)])
        return _findings(run, novel, [*first, *higher])

    folder, refs = run.out / "novel" / novel.task.name, [*first, *higher]
    return kept(run, "novel", refs, novel.task.name, measured, folder, taxonomy=_taxonomy(run))


def solved(run: Run, novel: Declared, refs: Sequence[Ref]) -> str:
    """What models that are trained already show, kept in the store; the key of `novel/<key>`."""

    def measured() -> Findings:
        return _findings(run, novel, refs)

    return stored(run, "novel", refs, novel.task.name, measured, taxonomy=_taxonomy(run))


def first_order(run: Run, novel: Declared) -> list[Ref]:
    """The task's scratch network, then a readout of every source of the run."""
    readouts = [reference(run.workspace, novel, source) for source in run.tasks]
    return [reference(run.workspace, novel), *readouts]


def higher_orders(run: Run, novel: Declared, first: Sequence[Ref]) -> list[Ref]:
    """Readouts of sets of the best sources, as the run chose its own; `first` must be trained."""
    tried = [ref for ref in first if ref.sources and ref.sources != (losses.RANDOM,)]
    found = {ref.sources[0]: losses.of(run.workspace, ref.identity) for ref in tried}
    rows = {name: row for name, row in found.items() if row is not None}
    if len(rows) < 2:
        return []
    affinities = dict(zip(rows, ahp(win_rates(np.stack(list(rows.values())))), strict=True))
    ranked = sorted(rows, key=lambda name: (-affinities[name], name))
    transfer = run.workspace.config.transfer
    groups = higher_order(ranked, transfer.top, transfer.max_order)
    return [reference(run.workspace, novel, *group) for group in groups]


def batches(run: Run, novel: Declared, refs: Sequence[Ref]) -> list[Batch]:
    """Models of the task, in as many batches as there are workers."""
    return [
        Batch(run.workspace, some, partial(train_novel, run.workspace, novel.file.resolve(), some))
        for i in range(WORKERS)
        if (some := tuple(refs[i::WORKERS]))
    ]


def train_novel(workspace: Workspace, file: Path, refs: Sequence[Ref]) -> None:
    """Train readouts of a declared task, and its scratch network."""
    from taskonomy.studies.custom import train_network, train_readout
    from taskonomy.studies.labelled import LabelledSession
    from taskonomy.training.representations import represent
    from taskonomy.training.transfers import target_feeds

    novel = declared(file)
    session, of = LabelledSession(workspace, novel.task, novel.label), novel.task
    feeds = None
    for ref in tqdm(refs, desc=of.name, unit="model", mininterval=1):
        if workspace.store.exists(*model_path(ref.identity)):
            continue
        chosen = session.examples(of)
        if ref.kind == "scratch":
            rows, steps = chosen.transfer, chosen.transfer_steps
            train_network(session, ref.identity, "scratch", of, rows, steps)
        else:
            feeds = feeds or target_feeds(session, of)
            codes = [represent(session, source) for source in ref.sources]
            train_readout(session, ref.identity, of, ref.sources, codes, feeds)


def reference(workspace: Workspace, novel: Declared, *sources: str) -> Ref:
    """The readout of these sources, or the scratch network if there are none."""
    kind: Kind = "transfer" if sources else "scratch"
    names = tuple(sorted(sources))
    networks = [source_id(workspace, name) for name in names]
    identity = custom_id(workspace, kind, "autoencoding", novel=novel.content, sources=networks)
    return Ref(identity, kind, novel.task.name, names)


def _check(file: Path, of: Task) -> None:
    taken = {alias for entry in DICTIONARY for alias in (entry.name, *entry.aliases)}
    wrong = {
        f"name {of.name!r}: a task of the dictionary": of.name in taken,
        f"name {of.name!r}: expected a name of letters, digits and _": not of.name.isidentifier(),
        f"inputs {of.inputs!r}, items {of.items!r}: expected image and view": (
            of.inputs != "image" or of.items != "view"
        ),
        f"loss {of.loss!r}: expected one of {', '.join(LOSSES)}": of.loss not in LOSSES,
        f"head {of.head!r} with loss {of.loss!r}: expected image with l1, l2, or vector": (
            of.head not in ("image", "vector")
            or (of.head == "image" and of.loss not in ("l1", "l2"))
            or (of.head == "vector" and of.loss == "l1")
        ),
        f"channels {of.channels}: expected 1 or more": of.channels < 1,
    }
    for words, found in wrong.items():
        if found:
            raise BadInput(f"{file}: TASK has {words}")


def _findings(run: Run, novel: Declared, refs: Sequence[Ref]) -> Findings:
    workspace = run.workspace
    scratch = losses.of(workspace, refs[0].identity)
    measured = {
        ref.sources: row
        for ref in refs[1:]
        if (row := losses.of(workspace, ref.identity)) is not None
    }
    random = measured.pop((losses.RANDOM,), None)
    if scratch is None or len(measured) < 2:
        raise BadInput(f"{novel.file}: its networks failed to train; expected finite losses")
    table = np.stack(list(measured.values()))
    rng = np.random.default_rng(workspace.config.seed)
    found = bootstrap(table, workspace.config.affinity.replicates, LEVEL, rng)
    order = np.argsort(-found.affinity, kind="stable")
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
                "gain": losses.wins(mine, scratch),
                "vs random": None if random is None else losses.wins(mine, random),
                "test loss": float(mine.mean()),
            }
        )
    best = cross_chosen(table)
    said = [
        f"it beats {name} on {_interval(best, row, workspace.config.seed)} of the test images"
        for name, row in (("scratch", scratch), ("an untrained encoder's readout", random))
        if row is not None
    ]
    top, inserted = rows[0], _inserted(_taxonomy(run), rows)
    text = (
        f"{novel.task.title}: the best transfer policy is {top['sources']}, affinity "
        f"{top['affinity']:.3f} [{top['low']:.3f}, {top['high']:.3f}]\n(95% bootstrap over "
        f"{table.shape[1]} test images, among {len(rows)} candidates).\nChosen on one half of the "
        f"test images and measured on the other, {'; '.join(said)}.\n\n{as_text(rows)}\n"
        f"Inserted into the run's taxonomies, from what each labels:\n\n{as_text(inserted)}"
    )
    shown = rows[:15]
    values = {"affinity": [float(row["affinity"]) for row in shown]}
    figure = figures.bars([str(row["sources"]) for row in shown], values, "affinity")
    tables = {"candidates": rows, "taxonomies": inserted}
    return Findings(text=text, tables=tables, figure=figure)


def _taxonomy(run: Run) -> list[dict[str, Any]]:
    """The policies that the run has published."""
    policies: list[dict[str, Any]]
    policies = formats.TAXONOMY.read(run.out / "taxonomy.json")["policies"]
    return policies


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
