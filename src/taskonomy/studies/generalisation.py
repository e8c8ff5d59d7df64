"""Generalisation: do the taxonomy's sources rank alike on another data set? (paper, section 4)

Every source's encoder is trained further, together with a fresh head, on the other data set's
transfer images. Sources are ranked there by AHP of their test losses, and held against their
affinities in the run. The other data set is `--data DIR`, or else rooms of another look and other
furniture.
"""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from taskonomy import stages
from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.tournament import win_rates
from taskonomy.dictionary import task
from taskonomy.errors import BadInput
from taskonomy.networks.task_network import input_channels
from taskonomy.road import WORKERS
from taskonomy.store import code_version, digest
from taskonomy.studies import agreement, figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Batch, Phase, Study, readouts
from taskonomy.studies.names import custom_id
from taskonomy.studies.run import Run
from taskonomy.training.identity import model_path, source_id
from taskonomy.training.standings import Ref
from taskonomy.training.workspace import Job, Workspace

FAMILY = "studio"
IMAGES = 1500
"""Rooms of the other look; no more than the run has itself."""


def needs(run: Run) -> Sequence[Phase]:
    other = _other(run)
    scratch = [Job("scratch", target) for target in _targets(run)]
    shares = (_targets(run)[i::WORKERS] for i in range(WORKERS))
    return [[*readouts(other, scratch), *(_batch(run, share) for share in shares if share)]]


def measure(run: Run) -> Findings:
    other, rows = _other(run), list[Row]()
    mine = _affinities(run)
    theirs = {target: _measured(run, target) for target in _targets(run)}
    found = agreement.correlations(mine, theirs)
    for target, spearman in found.items():
        common = mine[target].keys() & theirs[target].keys()
        chosen = max(common, key=mine[target].__getitem__)
        best = max(common, key=theirs[target].__getitem__)
        rows.append(
            {
                "target": target,
                "sources": len(common),
                "rank agreement": spearman,
                "the taxonomy's best": chosen[0],
                "its win rate vs scratch": _gain(run, chosen[0], target),
                "the best here": best[0],
                "its own": _gain(run, best[0], target),
            }
        )
    if not rows:
        raise BadInput(f"{other.dataset.root}: no target has three sources to rank")
    values = [float(row["rank agreement"]) for row in rows]
    what = run.other or f"rooms of the family {FAMILY}"
    text = (
        f"Encoders of the run, trained further with fresh heads on another data set: {what}, "
        f"{len(other.dataset.views)} views,\nof which each target takes a readout's images and "
        "steps. Rank agreement: Spearman's correlation of the sources'\naffinities in the run "
        "with those measured here; mean over targets, 95% bootstrap over targets:\n"
        f"  {agreement.said(values)} over {len(values)} targets\n\n{as_text(rows)}"
    )
    figure = figures.bars(
        list(found), {"rank agreement": values}, "Spearman's correlation with the run", even=0.0
    )
    return Findings(text=text, tables={"generalisation": rows}, figure=figure)


STUDY = Study(needs, measure)


def train_further(run_workspace: Workspace, other: Workspace, targets: Sequence[str]) -> None:
    """Train the encoder of every source further for every one of these targets."""
    from taskonomy.studies.custom import train_network
    from taskonomy.training.representations import encoder_of
    from taskonomy.training.session import Session

    session, own = Session(other), Session(run_workspace)
    pairs = [(source, target) for target in targets for source in _sources(run_workspace)]
    for source, target in tqdm(pairs, desc="encoders trained further", mininterval=1):
        identity, of = _identity(run_workspace, other, source, target), task(target)
        if not other.store.exists(*model_path(identity)):
            chosen = session.examples(of)
            rows, steps = chosen.transfer, chosen.transfer_steps
            start = (source, encoder_of(own, source))
            train_network(session, identity, "scratch", of, rows, steps, start)


def _other(run: Run) -> Workspace:
    return _prepared(run.context, run.other)


@cache
def _prepared(context: stages.Context, source: Path | None) -> Workspace:
    """The other data set, verified and with its version recorded, as a run's own is."""
    root = source or _rooms(context)
    return stages.open_workspace(context, stages.version_data(context, str(root)))


def _rooms(context: stages.Context) -> Path:
    from taskonomy.config import Config
    from taskonomy.data.scenes.dataset import render_dataset
    from taskonomy.store import Store

    config = Config.from_json(context.config)
    count = min(config.data.images, IMAGES)
    code = code_version("data/scenes", "data/labels.py", "data/stencils.py", "data/codecs.py")
    key = digest(family=FAMILY, images=count, size=config.data.size, seed=config.seed, code=code)
    root = Path(Store(context.store).path("rooms", key))
    render_dataset(root, count, config.data.size, config.seed, WORKERS, FAMILY)
    return root


def _targets(run: Run) -> tuple[str, ...]:
    """The run's targets that the other data set has labels for."""
    there = _other(run).config.tasks
    return tuple(name for name in run.targets if name in there)


def _sources(workspace: Workspace) -> list[str]:
    """The trained encoders that see the same images as the targets' networks."""
    return [n for n in workspace.config.tasks if task(n).trained and input_channels(task(n)) == 3]


def _affinities(run: Run) -> dict[str, dict[tuple[str, ...], float]]:
    """The run's own, of first-order transfers, by target and source."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for c in run.candidates():
        if c.kind == "transfer" and c.order == 1:
            found.setdefault(c.target, {})[c.sources] = c.affinity
    return found


def _measured(run: Run, target: str) -> dict[tuple[str, ...], float]:
    """Affinities of the encoders trained further, among themselves; failed ones are left out."""
    other = _other(run)
    rows = {
        (source,): losses.of(other, _identity(run.workspace, other, source, target))
        for source in _sources(run.workspace)
        if source != target
    }
    there = {sources: row for sources, row in rows.items() if row is not None}
    if len(there) < 2:
        return {}
    shares = ahp(win_rates(np.stack(list(there.values()))))
    return dict(zip(there, shares.tolist(), strict=True))


def _gain(run: Run, source: str, target: str) -> float | None:
    """Share of the other test images on which this start beats a fresh one."""
    other = _other(run)
    mine = losses.of(other, _identity(run.workspace, other, source, target))
    scratch = losses.of_model(other, "scratch", target)
    return None if mine is None or scratch is None else losses.wins(mine, scratch)


def _batch(run: Run, targets: Sequence[str]) -> Batch:
    other = _other(run)
    refs = tuple(
        Ref(_identity(run.workspace, other, source, target), "scratch", target, (source,))
        for target in targets
        for source in _sources(run.workspace)
    )
    return Batch(other, refs, partial(train_further, run.workspace, other, tuple(targets)))


def _identity(workspace: Workspace, other: Workspace, source: str, target: str) -> str:
    return custom_id(other, "scratch", target, encoder=source_id(workspace, source))
