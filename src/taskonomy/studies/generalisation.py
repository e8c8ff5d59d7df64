"""Generalisation: do the taxonomy's sources rank alike on another data set? (paper, section 4)

Every source's encoder is trained further, together with a fresh head, on the other data set's
transfer images. Sources are ranked there by AHP of their test losses, and held against their
affinities in the run. The other data set is `--data DIR`, or else rooms of another look and other
furniture. DIR may be a folder of images by class too: the sources are ranked on telling its classes
apart, and held against their affinities for the run's own classes of scenes and of objects.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.candidate import Candidate
from taskonomy.affinity.tournament import win_rates
from taskonomy.config import Config
from taskonomy.data import availability, class_folder
from taskonomy.dictionary.figures import BY_CLASS
from taskonomy.errors import BadInput
from taskonomy.networks.task_network import input_channels
from taskonomy.runs.context import Context, open_workspace
from taskonomy.runs.dataset import now
from taskonomy.runs.dataset import record as record_dataset
from taskonomy.runs.run import Run
from taskonomy.store import Store, code_version, digest
from taskonomy.studies import agreement, figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Batch, Phase, Study, readouts
from taskonomy.studies.names import custom_id
from taskonomy.training.examples import examples
from taskonomy.training.identity import ModelRef, main_regime, model_path, source_id
from taskonomy.training.job import Job
from taskonomy.training.model_losses import Losses as HeldOut
from taskonomy.training.model_losses import losses_of
from taskonomy.training.workspace import Workspace
from taskonomy.workers import WORKERS

FAMILY = "studio"
IMAGES = 1500
"""Rooms of the other look; no more than the run has itself."""


def needs(run: Run) -> Sequence[Phase]:
    other, targets = _other(run), _targets(run)
    for target in targets:
        examples(
            other, other.dictionary[target]
        )  # too few images are named before anything is trained
    scratch = [Job("scratch", target, (), run.regime) for target in targets]
    shares = (targets[i::WORKERS] for i in range(WORKERS))
    return [[*readouts(other, scratch), *(_batch(run, share) for share in shares if share)]]


def measure(run: Run) -> Findings:
    compared, rows, sources = _compared(run), list[Row](), list[Row]()
    mine = _affinities(run, lambda c: c.affinity)
    chosen_by = _affinities(run, lambda c: c.ranking_affinity)
    trained = {target: _trained(run, target, on) for target, on in compared.items()}
    theirs = {target: _measured(held) for target, held in trained.items()}
    found = agreement.correlations(mine, theirs)
    for target, spearman in found.items():
        ranked: list[Row] = [
            {
                "target": target,
                "source": source,
                "affinity in the run": mine[target][source,],
                "affinity here": here,
                "win rate vs scratch": _gain(run, source, compared[target]),
            }
            for (source,), here in sorted(theirs[target].items(), key=lambda pair: -pair[1])
            if (source,) in mine[target]
        ]
        by_source = {row["source"]: row for row in ranked}
        chosen = max(ranked, key=lambda row: chosen_by[target][row["source"],])
        here = dict(zip(trained[target], losses.ranking(trained[target].values()), strict=True))
        own = by_source[max(by_source, key=lambda source: here[source,])]
        rows.append(
            {
                "target": target,
                "sources": len(ranked),
                "rank agreement": spearman,
                "the taxonomy's best": chosen["source"],
                "its win rate vs scratch": chosen["win rate vs scratch"],
                "the best here": own["source"],
                "its own": own["win rate vs scratch"],
            }
        )
        sources += ranked
    if not rows:
        raise BadInput(f"{_other(run).dataset.root}: no target has three sources to rank")
    values = [float(row["rank agreement"]) for row in rows]
    text = (
        f"Encoders of the run, trained further with fresh heads on another data set: {_said(run)},"
        "\nof which each target takes a readout's images and steps. Rank agreement: Spearman's "
        "correlation of the sources'\naffinities in the run with those measured here. The best "
        f"here is {losses.chosen_on(one for held in trained.values() for one in held.values())}"
        f"{_mean(values)}\n\n{as_text(rows)}"
    )
    figure = figures.bars(
        list(found), {"rank agreement": values}, "Spearman's correlation with the run", even=0.0
    )
    return Findings(text=text, tables={"generalisation": rows, "sources": sources}, figure=figure)


STUDY = Study(needs, measure)


def train_further(run_workspace: Workspace, other: Workspace, targets: Sequence[str]) -> None:
    """Train the encoder of every source further for every one of these targets."""
    from taskonomy.training.representations import encoder_of
    from taskonomy.training.session import Session
    from taskonomy.training.task_network import train_examples

    session, own = Session(other), Session(run_workspace)
    pairs = [(source, target) for target in targets for source in _sources(run_workspace)]
    for source, target in tqdm(pairs, desc="encoders trained further", mininterval=1):
        ref = _ref(run_workspace, other, source, target)
        if not other.store.exists(*model_path(ref.identity)):
            chosen = session.examples(other.dictionary[target])
            rows, steps = chosen.transfer, chosen.transfer_steps
            train_examples(session, ref, rows, steps, encoder_of(own, source))


def _other(run: Run) -> Workspace:
    return _prepared(run.context, run.other)


@cache
def _prepared(context: Context, source: Path | None) -> Workspace:
    """The other data set, verified and with its version recorded, as a run's own is."""
    if source and class_folder.is_one(source):
        config = Config.from_json(context.config).updated(tasks=(class_folder.LABEL,))
        context = replace(context, config=config.to_json())
        root = _classes(context, source)
    else:
        root = source or _rooms(context)
    return open_workspace(context, record_dataset(context, root.resolve(), str(root), now()))


def _classes(context: Context, source: Path) -> Path:
    """Images by class, made small once."""
    store, config = Store(context.store), Config.from_json(context.config)
    found = class_folder.find(source, config.data.images)
    size = config.network.image_size
    code = code_version("data/class_folder.py", "data/codecs.py")
    key = digest(images=found.state(), size=size, code=code)
    if not store.finished("classes", key):
        with store.output("classes", key) as folder:
            twice = class_folder.write(found, folder, size)
        if twice:
            print(f"taskonomy: {source}: {twice} equal images left out", file=sys.stderr)
    return store.local("classes", key)


def _rooms(context: Context) -> Path:
    from taskonomy.rooms.dataset import render_dataset

    config = Config.from_json(context.config)
    count = min(config.data.images, IMAGES)
    code = code_version("rooms", "data/labels.py", "data/stencils.py", "data/codecs.py")
    key = digest(family=FAMILY, images=count, size=config.data.size, seed=config.seed, code=code)
    root = Path(Store(context.store).path("rooms", key))
    render_dataset(root, count, config.data.size, config.seed, WORKERS, FAMILY)
    return root


def _compared(run: Run) -> dict[str, str]:
    """The run's targets, and the other data set's target that each one's sources are ranked on."""
    if _of_classes(run):
        found = {name: class_folder.LABEL for name in BY_CLASS if name in run.targets}
        if not found:
            raise BadInput(
                f"{run.out}: found the targets {', '.join(run.targets)}; expected one of "
                f"{', '.join(BY_CLASS)} to hold images by class against"
            )
        return found
    there = _other(run).config.tasks
    return {name: name for name in run.targets if name in there}


def _targets(run: Run) -> tuple[str, ...]:
    """The targets that heads are trained for on the other data set."""
    return tuple(dict.fromkeys(_compared(run).values()))


def _said(run: Run) -> str:
    """The other data set in words."""
    other = _other(run)
    views = len(other.dataset.views)
    if _of_classes(run):
        names = availability.classes(other.dataset.root)[class_folder.LABEL]
        return f"{run.other}, {views} images of {len(names)} classes"
    return f"{run.other or f'rooms of the family {FAMILY}'}, {views} views"


def _mean(values: Sequence[float]) -> str:
    """The mean over targets; one or two would say nothing about others."""
    if len(values) < 3:
        return "."
    return (
        "; mean over targets, 95% bootstrap over targets:\n"
        f"  {agreement.said(values)} over {len(values)} targets"
    )


def _of_classes(run: Run) -> bool:
    return run.other is not None and class_folder.is_one(run.other)


def _sources(workspace: Workspace) -> list[str]:
    """The trained encoders that see the same images as the targets' networks."""
    tasks = [workspace.dictionary[name] for name in workspace.config.tasks]
    return [task.name for task in tasks if task.trained and input_channels(task) == 3]


def _affinities(
    run: Run, value: Callable[[Candidate], float]
) -> dict[str, dict[tuple[str, ...], float]]:
    """The run's own, of first-order transfers, by target and source."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for c in run.candidates():
        if c.kind == "transfer" and c.order == 1:
            found.setdefault(c.target, {})[c.sources] = value(c)
    return found


def _trained(run: Run, target: str, on: str) -> dict[tuple[str, ...], HeldOut]:
    """Losses of the encoders trained further, by source; failed ones are left out."""
    other = _other(run)
    rows = {
        (source,): losses_of(other.store, _ref(run.workspace, other, source, on))
        for source in _sources(run.workspace)
        if source != target
    }
    return {sources: row for sources, row in rows.items() if row is not None}


def _measured(trained: Mapping[tuple[str, ...], HeldOut]) -> dict[tuple[str, ...], float]:
    """Affinities of the encoders trained further, among themselves, on the test images."""
    if len(trained) < 2:
        return {}
    shares = ahp(win_rates(np.stack([one.test for one in trained.values()])))
    return dict(zip(trained, shares.tolist(), strict=True))


def _gain(run: Run, source: str, target: str) -> float | None:
    """Share of the other test images on which this start beats a fresh one."""
    other = _other(run)
    mine = losses.of(other, _ref(run.workspace, other, source, target).identity)
    scratch = losses.of_model(other, "scratch", target)
    return None if mine is None or scratch is None else losses.wins(mine, scratch)


def _batch(run: Run, targets: Sequence[str]) -> Batch:
    other = _other(run)
    refs = tuple(
        _ref(run.workspace, other, source, target)
        for target in targets
        for source in _sources(run.workspace)
    )
    return Batch(other, refs, partial(train_further, run.workspace, other, tuple(targets)))


def _ref(workspace: Workspace, other: Workspace, source: str, target: str) -> ModelRef:
    """A source's encoder, trained further for a target of the other data set."""
    start = source_id(workspace, source)
    identity = custom_id(other, "scratch", target, start=start)
    return ModelRef(identity, "scratch", target, (source,), main_regime(other))
