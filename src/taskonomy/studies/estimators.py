"""Cheap estimators of transferability against measured affinities: rank agreement and cost.

Every estimator sees what a readout sees: the codes and labels of the transfer images. What it says
of a target's sources is ranked against their measured first-order affinities. A readout is trained
beside the estimates of each target, so that the times of both are of one machine at one time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from tqdm import tqdm

from taskonomy.runs.run import Run
from taskonomy.studies import agreement, estimates, figures
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study
from taskonomy.training.model_losses import affinities

if TYPE_CHECKING:
    from taskonomy.studies.estimator_samples import Labels
    from taskonomy.training.session import Session

T = TypeVar("T")

TOP = 5
"""As many best sources as a demo's higher orders are made of."""
LABELS = ("LogME", "H-score", "linear probe", "k-NN")
"""What needs labels to regress on."""
ESTIMATORS = ("RSA", "DDS", *LABELS, "gradients")


def needs(run: Run) -> Sequence[Phase]:
    del run  # nothing is trained: that is what they are for
    return []


def measure(run: Run) -> Findings:
    found = _estimates(run)
    measured: dict[str, dict[tuple[str, ...], float]] = {}
    for c in affinities(run.workspace, run.first_order):
        if c.kind == "transfer":
            measured.setdefault(c.target, {})[c.sources] = c.affinity
    summary: list[Row] = []
    targets: list[Row] = []
    readout = 1000 * float(np.median(found.readouts))
    for name in ESTIMATORS:
        scores = found.scores[name]
        taus = agreement.correlations(measured, scores, agreement.weighted_tau)
        ranks = agreement.correlations(measured, scores)
        tau, low, high = agreement.interval(list(taus.values()))
        seconds = 1000 * float(np.mean(found.seconds[name]))
        summary.append(
            {
                "estimator": name,
                "weighted tau": tau,
                "low": low,
                "high": high,
                "Spearman": float(np.mean(list(ranks.values()))),
                "targets": len(taus),
                f"top {TOP} found": _recall(measured, scores, TOP),
                "best source found": _recall(measured, scores, 1),
                "ms per edge": seconds,
                "of a readout": seconds / readout,
            }
        )
        targets += [
            {"estimator": name, "target": target, "weighted tau": tau, "Spearman": ranks[target]}
            for target, tau in taus.items()
        ]
    text = (
        f"{_EXPLAINED}\n{as_text(summary)}\n"
        f"The readouts that were trained beside them took {readout:.0f} ms.\n"
    )
    if dear := [str(row["estimator"]) for row in summary if float(row["of a readout"]) >= 1]:
        text += f"Useless here, as dear as a readout itself: {', '.join(dear)}.\n"
    if found.skipped:
        text += f"No labels to regress on, so no {', '.join(LABELS)}: {', '.join(found.skipped)}.\n"
    values = {"weighted tau": [float(row["weighted tau"]) for row in summary]}
    ends = {"weighted tau": [(float(row["low"]), float(row["high"])) for row in summary]}
    what = "mean weighted tau with measured affinities"
    figure = figures.bars(list(ESTIMATORS), values, what, intervals=ends)
    return Findings(text=text, tables={"estimators": summary, "targets": targets}, figure=figure)


STUDY = Study(needs, measure)

_EXPLAINED = f"""Estimates of first-order transfers against their measured affinities.
Weighted tau: Kendall's, exchanges among the best sources weighing most, mean over targets, 95%
bootstrap over targets; top {TOP} found, best source found: share of a target's best sources that
are among as many of the estimate's; ms per edge: on one thread, mean, what edges share (principal
directions of a source's features, classes of a target's labels) divided among them; of a readout:
over the median time of readouts that were trained beside them. RSA and DDS read the target's own
encoder, which takes its labels in full.
"""


@dataclass(frozen=True, kw_only=True)
class _Estimates:
    """What the estimators say, and how long they take.

    Attributes:
        scores: by estimator, target and source.
        seconds: of every edge, by estimator.
        readouts: seconds of training a readout, one a target.
        skipped: targets without labels to regress on.
    """

    scores: dict[str, dict[str, dict[tuple[str, ...], float]]] = field(
        default_factory=lambda: {name: {} for name in ESTIMATORS}
    )
    seconds: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in ESTIMATORS}
    )
    readouts: list[float] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, name: str, target: str, source: str, value: float, seconds: float) -> None:
        self.scores[name].setdefault(target, {})[source,] = value
        self.seconds[name].append(seconds)


def _estimates(run: Run) -> _Estimates:
    from taskonomy.studies.estimator_samples import image_codes, labels_of
    from taskonomy.training.session import Session

    session, found = Session(run.workspace), _Estimates()
    spectra: dict[tuple[str, str, bytes], estimates.Spectrum] = {}
    for target in tqdm(run.targets, desc="targets", mininterval=1):
        task = run.dictionary[target]
        labels, own = labels_of(session, task), image_codes(session, task, target)
        sources = [source for source in run.tasks if source != target]
        for source in sources:
            codes = image_codes(session, task, source)
            found.add("RSA", target, source, *_timed(estimates.rsa, codes, own))
            found.add("DDS", target, source, *_timed(estimates.dds, codes, own))
        if labels is None:
            found.skipped.append(target)
        else:
            _regress(session, target, sources, labels, spectra, found)
        _train_or_not(session, target, sources, found)
    return found


def _regress(
    session: "Session",
    target: str,
    sources: Sequence[str],
    labels: "Labels",
    spectra: dict[tuple[str, str, bytes], estimates.Spectrum],
    found: _Estimates,
) -> None:
    """The estimates that look at labels; both that use a source's spectrum are charged for it."""
    from taskonomy.studies.estimator_samples import features_of

    task = session.workspace.dictionary[target]
    classes, clustering = _timed(estimates.classes_of, labels.values)
    for source in sources:
        features, shared = features_of(session, task, source, labels), 0.0
        key = (source, task.items, labels.rows)
        if key not in spectra:
            spectra[key], shared = _timed(estimates.spectrum, features)
        score, seconds = _timed(estimates.log_me, spectra[key], labels.values)
        found.add("LogME", target, source, score, seconds + shared)
        score, seconds = _timed(estimates.h_score, spectra[key], classes)
        shared += clustering / len(sources)
        found.add("H-score", target, source, score, seconds + shared)
        for name, fit in (
            ("linear probe", estimates.linear_probe),
            ("k-NN", estimates.nearest_neighbours),
        ):
            score, seconds = _timed(fit, features, labels.values, labels.example)
            found.add(name, target, source, score, seconds)


def _train_or_not(
    session: "Session", target: str, sources: Sequence[str], found: _Estimates
) -> None:
    """Predict every readout from its gradients, and train one, which no store keeps."""
    from copy import copy
    from dataclasses import replace

    from taskonomy.store import Store
    from taskonomy.studies.gradients import projected_gradients
    from taskonomy.training.identity import job_ref, main_regime
    from taskonomy.training.job import Job
    from taskonomy.training.representations import represent
    from taskonomy.training.transfers import Member, target_loaders, train_readouts

    workspace = session.workspace
    task, regime = workspace.dictionary[target], main_regime(workspace)
    loaders = target_loaders(session, task, regime)
    for number, source in enumerate(sources):
        codes = represent(session, source)
        begin = perf_counter()
        losses, gradients = projected_gradients(session, task, codes, loaders.training)
        even = np.arange(len(losses)) % 2 == 0
        predicted = estimates.linearised_loss(losses, gradients, even)
        found.add("gradients", target, source, -predicted, perf_counter() - begin)
        if number == len(sources) // 2:
            beside = copy(session)
            with TemporaryDirectory() as folder:
                beside.workspace = replace(workspace, store=Store(folder))
                ref = job_ref(workspace, Job("transfer", target, (source,), regime))
                [readout] = train_readouts(beside, [Member(ref, [codes])], loaders)
                found.readouts.append(readout.seconds)


def _timed(estimate: Callable[..., T], *given: object) -> tuple[T, float]:
    """What an estimate says, and the seconds that it took."""
    begin = perf_counter()
    value = estimate(*given)
    return value, perf_counter() - begin


def _recall(
    measured: Mapping[str, Mapping[tuple[str, ...], float]],
    scores: Mapping[str, Mapping[tuple[str, ...], float]],
    count: int,
) -> float:
    """Share of a target's best sources by affinity that are as many best by the estimate; mean."""

    def best(values: Mapping[tuple[str, ...], float]) -> set[tuple[str, ...]]:
        return set(sorted(values, key=values.__getitem__, reverse=True)[:count])

    common = [target for target in measured if target in scores]
    shares = [
        len(best(measured[target]) & best(scores[target])) / len(best(measured[target]))
        for target in common
    ]
    return sum(shares) / len(shares)
