"""Novel tasks: every target held out of the dictionary in turn (paper, section 4.2, figure 12).

A held-out target has no network of its own: it is solved from the other tasks' representations with
a readout's few labels. The transfer is chosen on validation images that no readout was trained on,
so that a higher order, which has more to choose from, gains nothing by chance.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from taskonomy.evaluation.novel import all_for_one
from taskonomy.runs.run import Run
from taskonomy.studies import agreement, figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study, readouts
from taskonomy.training.candidates import higher_order
from taskonomy.training.job import Job
from taskonomy.training.model_losses import Losses, affinities, job_models

ORDERS = (1, 2, 3, 4)
OPPONENTS = {
    "vs scratch": "a network trained from scratch on the readout's images",
    "vs random": "a readout of an untrained encoder",
    "vs supervised": "the fully supervised network",
}


def needs(run: Run) -> Sequence[Phase]:
    return [readouts(run.workspace, _higher(run))]


def measure(run: Run) -> Findings:
    jobs = [*run.jobs, *_higher(run)]
    candidates = affinities(run.workspace, jobs)
    measured = losses.transfers(run.workspace, job_models(run.workspace, jobs))
    rows: list[Row] = []
    for order in ORDERS:
        chosen = {edge.target: edge for edge in all_for_one(candidates, order).edges}
        for target, wins in _wins(run, measured, order).items():
            edge = chosen[target]
            rows.append(
                {
                    "order": order,
                    "target": target,
                    "policy": " + ".join(edge.sources),
                    "affinity": edge.affinity,
                    "affinity low": edge.affinity_low,
                    "affinity high": edge.affinity_high,
                    **wins,
                }
            )
    summary: list[Row] = []
    for order in ORDERS:
        mine = [row for row in rows if row["order"] == order]
        line: dict[str, Any] = {"order": order, "targets": len(mine)}
        for opponent in OPPONENTS:
            known = [float(value) for row in mine if (value := row[opponent]) is not None]
            line[opponent] = agreement.said(known, 3) if known else "-"
        summary.append(line)
    every = [one for found in measured.values() for one in found.values()]
    text = (
        "Every target held out in turn; share of test images on which the best transfer of up to "
        f"that\norder wins, {losses.chosen_on(every)};\n"
        "mean over targets with 95% bootstrap over targets. Opponents:\n"
        + "".join(f"  {name}: {words}\n" for name, words in OPPONENTS.items())
        + f"\n{as_text(summary)}\n"
        + as_text([row for row in rows if row["order"] == ORDERS[-1]])
    )
    targets = list(dict.fromkeys(str(row["target"]) for row in rows))
    series = {
        name: [_number(row[name]) for row in rows if row["order"] == ORDERS[-1]]
        for name in OPPONENTS
    }
    figure = figures.bars(targets, series, f"win rate, order <= {ORDERS[-1]}", even=0.5)
    return Findings(text=text, tables={"orders": summary, "targets": rows}, figure=figure)


STUDY = Study(needs, measure)


def _higher(run: Run) -> list[Job]:
    """Readouts of the orders that the run itself did not try."""
    there = set(run.jobs)
    jobs = [
        Job("transfer", target, sources, run.regime)
        for target, ranked in run.ranks().items()
        for sources in higher_order(ranked, run.workspace.config.transfer.top, ORDERS[-1])
    ]
    return [job for job in jobs if job not in there]


def _wins(
    run: Run, transfers: Mapping[str, Mapping[tuple[str, ...], Losses]], order: int
) -> dict[str, dict[str, float | None]]:
    """Win rates of every target's best transfer of up to that order, by opponent."""
    found = {}
    for target, by_sources in transfers.items():
        measured = [row for sources, row in by_sources.items() if len(sources) <= order]
        untrained = [name for name in run.tasks if not run.dictionary[name].trained]
        random = tuple(untrained[:1]) or None
        opponents = {
            "vs scratch": losses.of_model(run.workspace, "scratch", target),
            "vs random": random and losses.of_model(run.workspace, "transfer", target, random),
            "vs supervised": losses.of_model(run.workspace, "task", target),
        }
        if len(measured) > 1:
            best = losses.best(measured)
            found[target] = {
                name: None if theirs is None else losses.wins(best, theirs)
                for name, theirs in opponents.items()
            }
    return found


def _number(value: object) -> float:
    return float("nan") if value is None else float(str(value))
