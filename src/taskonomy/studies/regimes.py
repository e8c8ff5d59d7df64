"""Data regimes: do affinities rank alike when readouts see fewer images? (paper, supplement)

First-order readouts and scratch networks are trained anew on nested subsets of the transfer images,
for as many steps as the run's own, so that the number of images alone differs.
"""

from collections.abc import Sequence
from dataclasses import replace

from taskonomy.affinity.candidate import Candidate
from taskonomy.runs.run import Run
from taskonomy.studies import agreement, figures
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study, readouts
from taskonomy.training.model_losses import affinities
from taskonomy.training.workspace import Workspace

DIVISORS = (3, 9)
"""The run's own number of images is divided by these; the paper's regimes lie 16 apart."""

FEWEST = 8
"""As in a configuration: fewer would hold no two triplets of views."""


def regime_workspace(workspace: Workspace, images: int) -> Workspace:
    """The same workspace, its readouts limited to so many images."""
    transfer = workspace.config.transfer.model_copy(update={"images": images})
    return replace(workspace, config=workspace.config.model_copy(update={"transfer": transfer}))


def needs(run: Run) -> Sequence[Phase]:
    return [
        [
            batch
            for workspace in _regimes(run).values()
            for batch in readouts(workspace, run.first_order)
        ]
    ]


def measure(run: Run) -> Findings:
    tables = {run.images: affinities(run.workspace, run.first_order)}
    for images, workspace in _regimes(run).items():
        tables[images] = affinities(workspace, run.first_order)
    whole = tables[run.images]
    by_regime = {images: agreement.by_target(whole, rows) for images, rows in tables.items()}
    summary: list[Row] = [
        {
            "images": images,
            "gain": _mean([c.win_vs_scratch for c in _transfers(rows)]),
            "quality": _mean([c.win_vs_supervised for c in _transfers(rows)]),
            "rank agreement": _mean(list(by_regime[images].values())),
            "lowest target": min(by_regime[images], key=by_regime[images].__getitem__),
        }
        for images, rows in tables.items()
    ]
    said = [
        f"{images} images against {run.images}: Spearman "
        f"{agreement.said(list(by_regime[images].values()))} over {len(by_regime[images])} targets"
        for images in _regimes(run)
    ]
    text = (
        "First-order affinities by the number of transfer images; mean gain and quality of all "
        "transfers;\nrank agreement: Spearman's correlation with the run's own, mean over targets, "
        f"95% bootstrap over targets.\n\n{as_text(summary)}\n" + "\n".join(said) + "\n"
    )
    targets = [
        {"images": images, "target": target, "rank agreement": value}
        for images, found in by_regime.items()
        for target, value in found.items()
    ]
    points = {
        name: [(float(row["images"]), float(row[name])) for row in summary]
        for name in ("gain", "quality", "rank agreement")
    }
    figure = figures.lines(points, "transfer images", "mean", even=0.5, logarithmic=True)
    return Findings(text=text, tables={"regimes": summary, "targets": targets}, figure=figure)


STUDY = Study(needs, measure)


def _regimes(run: Run) -> dict[int, Workspace]:
    """Workspaces by their number of transfer images."""
    counts = sorted({max(FEWEST, run.images // divisor) for divisor in DIVISORS} - {run.images})
    return {images: regime_workspace(run.workspace, images) for images in reversed(counts)}


def _transfers(rows: Sequence[Candidate]) -> list[Candidate]:
    return [c for c in rows if c.kind == "transfer"]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
