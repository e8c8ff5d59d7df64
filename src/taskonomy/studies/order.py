"""Orders above 4 for two targets: how far do more sources help? (paper, supplement)

Up to order 5 all sets of the best sources are tried; above, a beam of one: each order's set is the
one before it and the next best source.
"""

from collections.abc import Sequence

from taskonomy.dictionary.figures import LONG_ORDERS
from taskonomy.runs.run import Run
from taskonomy.studies import figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study, readouts
from taskonomy.training.candidates import higher_order
from taskonomy.training.job import Job
from taskonomy.training.model_losses import job_models

HIGHEST = 24


def needs(run: Run) -> Sequence[Phase]:
    return [readouts(run.workspace, [job for job in _jobs(run) if job not in run.jobs])]


def measure(run: Run) -> Findings:
    rows: list[Row] = []
    transfers = losses.transfers(run.workspace, job_models(run.workspace, _jobs(run)))
    for target in _targets(run):
        scratch = losses.of_model(run.workspace, "scratch", target)
        supervised = losses.of_model(run.workspace, "task", target)
        assert scratch is not None
        assert supervised is not None
        for order in sorted({len(sources) for sources in transfers[target]}):
            found = [row for s, row in transfers[target].items() if len(s) == order]
            best = losses.best(found)
            rows.append(
                {
                    "target": target,
                    "order": order,
                    "sets": len(found),
                    "gain": losses.wins(best, scratch),
                    "quality": losses.wins(best, supervised),
                    "test loss": float(best.mean()),
                }
            )
    every = [one for found in transfers.values() for one in found.values()]
    text = (
        "Readouts of more and more sources. Gain: win rate against scratch; quality: against full\n"
        "supervision; of the best set of exactly that order,\n"
        f"{losses.chosen_on(every)}.\n\n{as_text(rows)}"
    )
    points = {
        f"{target}, {name}": [
            (float(row["order"]), float(row[name])) for row in rows if row["target"] == target
        ]
        for target in _targets(run)
        for name in ("gain", "quality")
    }
    figure = figures.lines(points, "order", "win rate", even=0.5)
    return Findings(text=text, tables={"order": rows}, figure=figure)


STUDY = Study(needs, measure)


def _targets(run: Run) -> list[str]:
    preferred = [name for name in LONG_ORDERS if name in run.targets]
    return [*preferred, *(name for name in run.targets if name not in preferred)][:2]


def _jobs(run: Run) -> list[Job]:
    """Every transfer of the two targets, the run's own first order included."""
    ranks = run.ranks()
    top = run.workspace.config.transfer.top
    first = [
        job
        for job in run.first_order
        if job.kind == "transfer"
        and job.target not in job.sources
        and all(run.dictionary[name].trained for name in job.sources)
    ]
    return [
        *(job for job in first if job.target in _targets(run)),
        *(
            Job("transfer", target, sources, run.regime)
            for target in _targets(run)
            for sources in higher_order(ranks.get(target, ()), top, HIGHEST)
        ),
    ]
