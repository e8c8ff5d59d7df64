"""Cheap estimators of transferability against measured affinities: rank agreement and cost.

Every estimator sees what a readout sees: the codes and labels of the transfer images. What it says
of a target's sources is ranked against their measured first-order affinities.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int
from tqdm import tqdm

from taskonomy.dictionary import Task
from taskonomy.runs.run import Run
from taskonomy.studies import agreement, estimates, figures
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study
from taskonomy.training.model_losses import affinities

if TYPE_CHECKING:
    from taskonomy.training.session import Session

POSITIONS = 8
"""Positions of a code that are looked at in each image, for maps."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One source and one target, as estimators see them.

    Attributes:
        codes: the source's code of every image.
        own: that of the target's own encoder.
        features: rows that a label belongs to; None where labels are no numbers.
        labels: their labels.
        group: the image of every row.
    """

    codes: Float[np.ndarray, "images d"]
    own: Float[np.ndarray, "images d"]
    features: Float[np.ndarray, "n f"]
    labels: Float[np.ndarray, "n c"] | None
    group: Int[np.ndarray, " n"]


ESTIMATORS: dict[str, Callable[[Sample], float | None]] = {
    "RSA": lambda s: estimates.rsa(s.codes, s.own),
    "DDS": lambda s: estimates.dds(s.codes, s.own),
    "LogME": lambda s: None if s.labels is None else estimates.log_me(s.features, s.labels),
    "H-score": lambda s: None if s.labels is None else estimates.h_score(s.features, s.labels),
    "linear probe": lambda s: (
        None if s.labels is None else estimates.linear_probe(s.features, s.labels, s.group)
    ),
    "k-NN": lambda s: (
        None if s.labels is None else estimates.nearest_neighbours(s.features, s.labels, s.group)
    ),
}


def needs(run: Run) -> Sequence[Phase]:
    del run  # nothing is trained: that is what they are for
    return []


def measure(run: Run) -> Findings:
    scores, seconds, skipped = _scores(run)
    measured: dict[str, dict[tuple[str, ...], float]] = {}
    for c in affinities(run.workspace, run.first_order):
        if c.kind == "transfer":
            measured.setdefault(c.target, {})[c.sources] = c.affinity
    summary: list[Row] = []
    targets: list[Row] = []
    for name in ESTIMATORS:
        found = agreement.correlations(measured, scores[name])
        mean, low, high = agreement.interval(list(found.values()))
        summary.append(
            {
                "estimator": name,
                "rank agreement": mean,
                "low": low,
                "high": high,
                "targets": len(found),
                "best source found": _hits(measured, scores[name]),
                "ms per edge": 1000 * float(np.mean(seconds[name])),
            }
        )
        targets += [
            {"estimator": name, "target": target, "rank agreement": value}
            for target, value in found.items()
        ]
    text = (
        "Estimates of first-order transfers against their measured affinities.\nRank agreement: "
        "Spearman's correlation over a target's sources, mean over targets, 95% bootstrap over\n"
        "targets; best source found: share of targets whose best source is the estimate's best; ms "
        "per edge: on one\nthread. RSA and DDS read the target's own encoder, which takes its "
        f"labels in full.\n\n{as_text(summary)}\nA readout of this run took "
        f"{1000 * run.seconds.by_kind['transfer']:.0f} ms of training on average.\n"
    )
    if skipped:
        text += f"No labels to regress on, so RSA and DDS alone: {', '.join(skipped)}.\n"
    values = {"rank agreement": [float(row["rank agreement"]) for row in summary]}
    ends = {"rank agreement": [(float(row["low"]), float(row["high"])) for row in summary]}
    what = "mean Spearman with measured affinities"
    figure = figures.bars(list(ESTIMATORS), values, what, intervals=ends)
    return Findings(text=text, tables={"estimators": summary, "targets": targets}, figure=figure)


STUDY = Study(needs, measure)

_Scores = dict[str, dict[str, dict[tuple[str, ...], float]]]


def _scores(run: Run) -> tuple[_Scores, dict[str, list[float]], list[str]]:
    """What every estimator says, by name, target and source; its times; targets without labels."""
    from taskonomy.training.session import Session

    session = Session(run.workspace)
    scores: _Scores = {name: {} for name in ESTIMATORS}
    seconds: dict[str, list[float]] = {name: [] for name in ESTIMATORS}
    skipped = []
    for target in tqdm(run.targets, desc="targets", mininterval=1):
        task = run.dictionary[target]
        labels = _labels(session, task)
        if labels is None:
            skipped.append(target)
        for source in run.tasks:
            if source == target:
                continue
            sample = _sample(session, task, source, labels)
            for name, estimator in ESTIMATORS.items():
                begin = perf_counter()
                value = estimator(sample)
                if value is not None:
                    seconds[name].append(perf_counter() - begin)
                    scores[name].setdefault(target, {})[source,] = value
    return scores, seconds, skipped


@dataclass(frozen=True, kw_only=True)
class _Labels:
    """A target's labels: of examples, or of some positions of each."""

    values: Float[np.ndarray, "n c"]
    example: Int[np.ndarray, " n"]
    position: Int[np.ndarray, " n"] | None


def _labels(session: "Session", task: Task) -> _Labels | None:
    """The labels of the transfer examples as rows of numbers; None for the metric loss."""
    import torch
    from torch.nn.functional import adaptive_avg_pool2d

    from taskonomy.networks.encoder import code_size

    if task.loss == "metric":
        return None
    target, mask = session.data(task).targets(session.examples(task).transfer)
    if target.ndim == 2:
        return _Labels(
            values=target.double().numpy(), example=np.arange(len(target)), position=None
        )
    network = session.workspace.config.network
    size = code_size(network, network.image_size)
    known = (mask > 0).float()
    weight = adaptive_avg_pool2d(known, size)
    mean = adaptive_avg_pool2d(torch.where(known > 0, target, 0.0), size) / weight.clamp_min(1e-6)
    rng = np.random.default_rng(0)
    at = np.stack([rng.permutation(size * size)[:POSITIONS] for _ in range(len(target))])
    example = np.repeat(np.arange(len(target)), at.shape[1])
    there = weight.flatten(1).numpy()[example, at.ravel()] >= 0.5
    values = mean.flatten(2).double().numpy()[example, :, at.ravel()]
    return _Labels(values=values[there], example=example[there], position=at.ravel()[there])


def _sample(session: "Session", task: Task, source: str, labels: _Labels | None) -> Sample:
    from taskonomy.training.representations import represent

    rows = session.examples(task).transfer
    views = np.unique(rows)
    codes, own = represent(session, source), represent(session, task.name)

    def places(some: Int[np.ndarray, "*shape"]) -> Int[np.ndarray, "*shape"]:
        return np.searchsorted(session.represented, some)

    if labels is None or labels.position is None:
        features = codes[places(rows)].reshape(len(rows), -1)
    else:
        features = neighbourhoods(codes[places(rows[:, 0])])[labels.example, labels.position]
    return Sample(
        codes=codes[places(views)].reshape(len(views), -1).astype(np.float64),
        own=own[places(views)].reshape(len(views), -1).astype(np.float64),
        features=features.astype(np.float64),
        labels=None if labels is None else labels.values,
        group=np.arange(len(features)) if labels is None else labels.example,
    )


def neighbourhoods(codes: Float[np.ndarray, "n C h w"]) -> Float[np.ndarray, "n p f"]:
    """The 3x3 neighbourhood of every position, as a readout's first convolution sees it."""
    padded = np.pad(codes, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    n, channels, height, width = codes.shape
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n, height * width, channels * 9)


def _hits(
    measured: Mapping[str, Mapping[tuple[str, ...], float]],
    scores: Mapping[str, Mapping[tuple[str, ...], float]],
) -> float:
    """Share of targets whose best source by affinity is the best by the estimate."""
    common = [target for target in measured if target in scores]
    hits = [
        max(measured[target], key=measured[target].__getitem__)
        == max(scores[target], key=scores[target].__getitem__)
        for target in common
    ]
    return sum(hits) / len(hits)
