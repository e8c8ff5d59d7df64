"""The baselines of the paper's tables: self-supervised sources and ImageNet features, each alone.

Each is the only source of every target, and is held against scratch, against full supervision and
against the target's best transfer. Sources of the user's own (`taskonomy join`) are among them:
with a weight file of torchvision's, ImageNet features.
"""

from collections.abc import Sequence

import pyarrow.parquet as pq

from taskonomy.dictionary.figures import UNSUPERVISED
from taskonomy.errors import BadInput
from taskonomy.runs.run import Run
from taskonomy.studies import agreement, figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study
from taskonomy.training.identity import ModelRef
from taskonomy.training.model_losses import job_models


def needs(run: Run) -> Sequence[Phase]:
    del run  # the run trained their readouts, or `taskonomy join` did
    return []


def measure(run: Run) -> Findings:
    models = _models(run)
    if not models:
        raise BadInput(
            f"{run.out}: found the tasks {', '.join(run.tasks)}; expected at least one of "
            f"{', '.join(UNSUPERVISED)}, or a source that joined"
        )

    transfers = losses.transfers(run.workspace, job_models(run.workspace, run.jobs))
    best = {target: losses.best([*found.values()]) for target, found in transfers.items()}
    rows: list[Row] = []
    for source, by_target in models.items():
        for target, identity in by_target.items():
            mine = losses.of(run.workspace, identity)
            scratch = losses.of_model(run.workspace, "scratch", target)
            supervised = losses.of_model(run.workspace, "task", target)
            if (
                mine is not None
                and scratch is not None
                and supervised is not None
                and target in best
            ):
                rows.append(
                    {
                        "source": source,
                        "target": target,
                        "vs scratch": losses.wins(mine, scratch),
                        "vs supervised": losses.wins(mine, supervised),
                        "vs best transfer": losses.wins(mine, best[target]),
                    }
                )
    names = list(dict.fromkeys(str(row["source"]) for row in rows))
    summary: list[Row] = [
        {
            "source": name,
            "targets": sum(row["source"] == name for row in rows),
            **{key: agreement.said(_column(rows, name, key), 3) for key in _OPPONENTS},
        }
        for name in names
    ]
    every = [one for found in transfers.values() for one in found.values()]
    text = (
        "One source alone for every target but itself: share of test images on which its readout "
        "beats the\nscratch network, full supervision, and the target's best transfer of the run,\n"
        f"{losses.chosen_on(every)}.\nMeans over targets, 95% bootstrap over targets.\n\n"
        f"{as_text(summary)}"
    )
    values = {
        key: [agreement.interval(_column(rows, name, key)) for name in names] for key in _OPPONENTS
    }
    figure = figures.bars(
        names,
        {key: [mean for mean, _, _ in found] for key, found in values.items()},
        "mean win rate",
        even=0.5,
        intervals={key: [(low, high) for _, low, high in found] for key, found in values.items()},
    )
    return Findings(text=text, tables={"baselines": summary, "targets": rows}, figure=figure)


def reads(run: Run) -> Sequence[ModelRef]:
    return [
        ModelRef(identity, "transfer", target, (source,))
        for source, by_target in _models(run).items()
        for target, identity in by_target.items()
    ]


STUDY = Study(needs, measure, reads)

_OPPONENTS = ("vs scratch", "vs supervised", "vs best transfer")


def _models(run: Run) -> dict[str, dict[str, str]]:
    """First-order readouts by source and target: the run's own, then those of joined sources."""
    found: dict[str, dict[str, str]] = {}
    alone = {*UNSUPERVISED, *(task.name for task in run.dictionary if not task.trained)}
    for ref in job_models(run.workspace, run.first_order):
        if ref.sources and ref.sources[0] in alone and ref.sources != (ref.target,):
            found.setdefault(ref.sources[0], {})[ref.target] = ref.identity
    for table in sorted((run.out / "sources").glob("*/readouts.parquet")):
        rows = pq.read_table(table, partitioning=None).to_pylist()
        found[table.parent.name] = {row["target"]: row["model_id"] for row in rows}
    return found


def _column(rows: Sequence[Row], source: str, key: str) -> list[float]:
    return [float(row[key]) for row in rows if row["source"] == source]
