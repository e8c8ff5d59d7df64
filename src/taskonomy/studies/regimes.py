"""Data regimes: do affinities rank alike when readouts see fewer images? (paper, supplement)

A run of several regimes is read as it is. For a run of one, first-order readouts and scratch
networks are trained anew on nested subsets of the transfer images, for as many steps as the run's
own, so that the number of images alone differs.
"""

from collections.abc import Sequence
from dataclasses import replace

from taskonomy.affinity.candidate import Candidate
from taskonomy.runs.run import Run
from taskonomy.studies import agreement, figures
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study, readouts
from taskonomy.training.job import Job
from taskonomy.training.model_losses import affinities

DIVISORS = (3, 9)
"""The run's own number of images is divided by these; the paper's regimes lie 16 apart."""

FEWEST = 8
"""As in a configuration: fewer would hold no two triplets of views."""


def needs(run: Run) -> Sequence[Phase]:
    missing = [job for job in _jobs(run) if job not in run.jobs]
    return [readouts(run.workspace, missing)] if missing else []


def measure(run: Run) -> Findings:
    rows = affinities(run.workspace, [*run.first_order, *_jobs(run)])
    tables = {
        images: [row for row in rows if row.regime == str(regime)]
        for regime, images in _regimes(run).items()
    }
    own = min(run.regime, run.images)
    whole = tables[own]
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
        f"{images} images against {own}: Spearman "
        f"{agreement.said(list(by_regime[images].values()))} over {len(by_regime[images])} targets"
        for images in tables
        if images != own
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


def _regimes(run: Run) -> dict[int, int]:
    """Regimes with the images that their readouts saw: the run's own first."""
    asked, own = run.workspace.config.regimes, min(run.regime, run.images)
    if len(asked) == 1:
        smaller = {max(FEWEST, own // divisor) for divisor in DIVISORS} - {own}
        asked = (run.regime, *sorted(smaller, reverse=True))
    return {regime: min(regime, run.images) for regime in asked}


def _jobs(run: Run) -> list[Job]:
    """The run's first-order jobs in the other regimes."""
    return [
        replace(job, regime=regime)
        for regime in _regimes(run)
        for job in run.first_order
        if regime != run.regime
    ]


def _transfers(rows: Sequence[Candidate]) -> list[Candidate]:
    return [c for c in rows if c.kind == "transfer"]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
