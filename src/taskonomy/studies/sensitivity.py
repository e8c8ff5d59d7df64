"""Sensitivity: how far do affinities depend on the encoder, the code, the readout and the seed?

One thing is changed at a time, what depends on it is trained anew for eight tasks, and the
affinities among them are held against the run's own. The change of seed alone says how much of a
difference is chance. What is not varied: block, strides, decoder, losses, optimisation, data set.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config
from taskonomy.dictionary.figures import VARIED
from taskonomy.errors import BadInput
from taskonomy.runs.run import Run
from taskonomy.studies import agreement, figures
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study, networks, readouts
from taskonomy.training.job import Job
from taskonomy.training.model_losses import affinities

COUNT = 8
SMALLEST = 2


def variants(config: Config) -> dict[str, Config]:
    """Configurations that differ in one thing from this one, by what it is."""
    network, transfer = config.network, config.transfer
    half_code, half_width = (max(SMALLEST, n // 2) for n in (network.code_channels, transfer.width))
    layers = tuple(2 * count for count in network.layers)
    return {
        "encoder twice as deep": _with(config, "network", layers=layers),
        "code half as wide": _with(config, "network", code_channels=half_code),
        "code twice as wide": _with(config, "network", code_channels=2 * network.code_channels),
        "readout half as wide": _with(config, "transfer", width=half_width),
        "readout twice as wide": _with(config, "transfer", width=2 * transfer.width),
        "another seed": config.model_copy(update={"seed": config.seed + 1}),
    }


def needs(run: Run) -> Sequence[Phase]:
    names, jobs = _tasks(run), _jobs(run)
    changed = [replace(run.workspace, config=c) for c in variants(run.workspace.config).values()]
    return [
        [batch for workspace in changed for batch in networks(workspace, names)],
        [batch for workspace in changed for batch in readouts(workspace, jobs)],
    ]


def measure(run: Run) -> Findings:
    jobs = _jobs(run)
    own = affinities(run.workspace, jobs)
    rows: list[Row] = []
    for name, config in variants(run.workspace.config).items():
        found = affinities(replace(run.workspace, config=config), jobs)
        mean, low, high = agreement.interval(list(agreement.by_target(own, found).values()))
        rows.append(
            {
                "variant": name,
                "rank agreement": mean,
                "low": low,
                "high": high,
                "log correlation": _log_correlation(own, found),
                "gain": _mean([c.win_vs_scratch for c in _transfers(found)]),
                "quality": _mean([c.win_vs_supervised for c in _transfers(found)]),
            }
        )
    text = (
        f"First-order affinities among {len(_tasks(run))} tasks, one thing changed at a time:\n"
        f"{', '.join(_tasks(run))}.\nRank agreement: Spearman's correlation with the run's own "
        f"affinities, mean over targets (of {len(_tasks(run)) - 1}\nsources each), 95% bootstrap "
        "over targets; log correlation: of all log affinities at once; gain and\nquality: means of "
        f"the variant's transfers (the run's own: {_mean_of(own, 'win_vs_scratch'):.3f} and "
        f"{_mean_of(own, 'win_vs_supervised'):.3f}).\n\n{as_text(rows)}"
    )
    values = {
        key: [float(row[key]) for row in rows] for key in ("rank agreement", "log correlation")
    }
    names = [str(row["variant"]) for row in rows]
    ends = {"rank agreement": [(float(row["low"]), float(row["high"])) for row in rows]}
    what = "agreement with the run's own affinities"
    figure = figures.bars(names, values, what, intervals=ends)
    return Findings(text=text, tables={"sensitivity": rows}, figure=figure)


STUDY = Study(needs, measure)


def _with(config: Config, section: str, **values: Any) -> Config:
    """A copy with other values in a section; twice a profile's own may lie outside its range."""
    changed = getattr(config, section).model_copy(update=values)
    return config.model_copy(update={section: changed})


def _tasks(run: Run) -> list[str]:
    there = [name for name in VARIED if name in run.targets]
    if len(there) < 4:
        raise BadInput(
            f"{run.out}: found the targets {', '.join(run.targets)}; expected at least four of "
            f"{', '.join(VARIED)}"
        )
    return there[:COUNT]


def _jobs(run: Run) -> list[Job]:
    """The scratch networks and the first-order transfers among the tasks."""
    names = _tasks(run)
    return [
        job
        for job in run.first_order
        if job.target in names and set(job.sources) <= set(names) - {job.target}
    ]


def _log_correlation(own: Sequence[Candidate], other: Sequence[Candidate]) -> float:
    mine = {(c.target, c.sources): c.affinity for c in _transfers(own)}
    theirs = {(c.target, c.sources): c.affinity for c in _transfers(other)}
    common = sorted(mine.keys() & theirs.keys())
    pairs = np.log(np.array([(mine[key], theirs[key]) for key in common]))
    return float(np.corrcoef(pairs.T)[0, 1])


def _transfers(rows: Sequence[Candidate]) -> list[Candidate]:
    return [c for c in rows if c.kind == "transfer"]


def _mean_of(rows: Sequence[Candidate], name: str) -> float:
    return _mean([getattr(c, name) for c in _transfers(rows)])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
