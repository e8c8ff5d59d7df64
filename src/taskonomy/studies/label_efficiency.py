"""Label efficiency: the labelled images that ten tasks need, with a taxonomy and independently.

With a taxonomy of budget k, the k bought tasks take a label of every training image, and each other
task one of every transfer image. Independently, a task takes as many labelled training images as
its own network needs to do as well as the taxonomy's readout: as many wins as losses against it
over the test images, by interpolation over networks trained on nested subsets, all for the run's
full number of steps. The paper's headline figure, on this run's data.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from jaxtyping import Float, Float32
from tqdm import tqdm

from taskonomy.affinity.bootstrap import resample
from taskonomy.dictionary.figures import PRICED
from taskonomy.errors import BadInput, Infeasible
from taskonomy.runs.run import Run
from taskonomy.studies import figures, losses
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Batch, Phase, Study
from taskonomy.studies.names import custom_id
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.policy import Policy, find
from taskonomy.training.examples import examples, images_of
from taskonomy.training.identity import ModelRef, model_path
from taskonomy.training.workspace import Workspace
from taskonomy.workers import WORKERS

COUNT = 10
"""So many of the tasks whose labels cost are looked at: the first that the run has."""
DIVISORS = (16, 8, 4, 2)
"""Networks are trained on these shares of the training images; the run's own saw all of them."""
REPLICATES = 500


def needs(run: Run) -> Sequence[Phase]:
    names = _ten(run)
    return [[_batch(run.workspace, names[i::WORKERS]) for i in range(WORKERS)]]


def measure(run: Run) -> Findings:
    names, images = _ten(run), len(run.workspace.splits.train)
    curves = {name: _curve(run.workspace, name) for name in names}
    rows: list[Row] = []
    needed: list[Row] = []
    for budget in range(1, len(names)):
        try:
            policy = _policy(run, names, budget)
        except Infeasible:
            continue
        if rows and rows[-1]["sources"] == " + ".join(policy.sources):
            continue  # the larger budget buys nothing more
        with_taxonomy = images * sum(_cost(run, name) for name in policy.sources)
        with_taxonomy += run.images * len(policy.transferred)
        bought = images * sum(edge.kind == "supervised" for edge in policy.edges)
        alone = np.full(REPLICATES + 1, float(bought))
        for edge in policy.transferred:
            theirs = losses.of_model(run.workspace, "transfer", edge.target, edge.sources)
            assert theirs is not None
            counts = curves[edge.target].equal_to(theirs)
            alone += counts
            needed.append(
                {
                    "budget": budget,
                    "target": edge.target,
                    "sources": " + ".join(edge.sources),
                    "images": float(counts[0]),
                    "images low": float(np.quantile(counts[1:], 0.025)),
                    "images high": float(np.quantile(counts[1:], 0.975)),
                }
            )
        low, high = np.quantile(with_taxonomy / alone[1:], [0.025, 0.975]).tolist()
        rows.append(
            {
                "budget": budget,
                "bought": len(policy.sources),
                "with taxonomy": round(with_taxonomy),
                "independently": round(alone[0]),
                "ratio": float(with_taxonomy / alone[0]),
                "ratio low": low,
                "ratio high": high,
                "quality": policy.mean_quality,
                "sources": " + ".join(policy.sources),
            }
        )
    if not rows:
        raise BadInput(f"{run.out}: no budget solves {', '.join(names)}; expected one that does")
    text = (
        f"Labelled images (one label of one task each) to solve {len(names)} tasks at equal "
        f"quality:\n{', '.join(names)}.\n\nA bought task takes {images} labels, a transferred one "
        f"{run.images}; independently a task takes what its own network needs to\nwin as often as "
        "it loses against the taxonomy's readout, between "
        f"{images // DIVISORS[0]} and {images} (values at the ends are bounds).\nRatio: with "
        f"taxonomy over independently, 95% bootstrap over test images. Quality: mean win rate\n"
        f"against full supervision.\n\n{as_text(rows)}\n{as_text(needed, 0)}"
    )
    points = {
        "with taxonomy": [(float(r["budget"]), float(r["with taxonomy"])) for r in _numbers(rows)],
        "independently": [(float(r["budget"]), float(r["independently"])) for r in _numbers(rows)],
    }
    figure = figures.lines(points, "budget (tasks labelled in full)", "labelled images")
    return Findings(text=text, tables={"budgets": rows, "targets": needed}, figure=figure)


STUDY = Study(needs, measure)


class Curve:
    """How a task's own network does by the number of its training images.

    Args:
        counts: training images, ascending.
        losses: per-image test losses of the network of each count.
    """

    def __init__(self, counts: Sequence[int], losses: Float[np.ndarray, "sizes N"]) -> None:
        self._logs = np.log(np.array(counts, np.float64))
        self._losses = losses
        self._drawn = resample(losses.shape[1], REPLICATES, np.random.default_rng(0))

    def equal_to(self, readout: Float[np.ndarray, " N"]) -> Float[np.ndarray, " R"]:
        """The number of images at which the network does as well as a readout.

        Returns:
            The estimate, then one of every bootstrap replicate; the smallest or the largest count
            where the readout is beaten by the smallest one or by none.
        """
        won = (self._losses < readout) + 0.5 * (self._losses == readout)
        shares = np.column_stack([won.mean(axis=1), won @ _normalised(self._drawn)])
        return np.asarray(np.exp([self._crossing(column) for column in shares.T]))

    def _crossing(self, shares: Float[np.ndarray, " sizes"]) -> float:
        # More data does not hurt: what a smaller network lost by chance, a larger one's wins bound.
        rising = np.maximum.accumulate(shares)
        if rising[0] >= 0.5:
            return float(self._logs[0])
        if rising[-1] < 0.5:
            return float(self._logs[-1])
        after = int(np.argmax(rising >= 0.5))
        part = (0.5 - rising[after - 1]) / (rising[after] - rising[after - 1])
        return float(self._logs[after - 1] + part * (self._logs[after] - self._logs[after - 1]))


def train_subsets(workspace: Workspace, names: Sequence[str]) -> None:
    """Train the networks of these tasks on every share of their training images."""
    from taskonomy.training.session import Session
    from taskonomy.training.task_network import train_examples

    session = Session(workspace)
    pairs = [(name, divisor) for name in names for divisor in DIVISORS]
    for name, divisor in tqdm(pairs, desc="networks on fewer images", mininterval=1):
        ref = _ref(workspace, name, divisor)
        if not workspace.store.exists(*model_path(ref.identity)):
            chosen = session.examples(workspace.dictionary[name])
            rows = chosen.train[: max(2, len(chosen.train) // divisor)]
            train_examples(session, ref, rows, chosen.steps)


def _batch(workspace: Workspace, names: Sequence[str]) -> Batch:
    refs = tuple(_ref(workspace, name, divisor) for name in names for divisor in DIVISORS)
    return Batch(workspace, refs, partial(train_subsets, workspace, tuple(names)))


def _ref(workspace: Workspace, name: str, divisor: int) -> ModelRef:
    return ModelRef(custom_id(workspace, "task", name, share=divisor), "task", name)


def _ten(run: Run) -> list[str]:
    there = [name for name in PRICED if name in run.targets]
    if len(there) < 2:
        raise BadInput(
            f"{run.out}: found the targets {', '.join(run.targets)}; expected at least two of "
            f"{', '.join(PRICED)}"
        )
    return there[:COUNT]


def _curve(workspace: Workspace, name: str) -> Curve:
    chosen = examples(workspace, workspace.dictionary[name]).train
    counts, rows = [], []
    for divisor in DIVISORS:
        found = losses.of(workspace, _ref(workspace, name, divisor).identity)
        if found is not None:
            counts.append(images_of(chosen[: max(2, len(chosen) // divisor)]))
            rows.append(found)
    whole = losses.of_model(workspace, "task", name)
    if whole is None:
        raise BadInput(f"the network of {name} failed; expected one that was trained to the end")
    return Curve([*counts, images_of(chosen)], np.stack([*rows, whole]))


def _policy(run: Run, names: Sequence[str], budget: int) -> Policy:
    asked = run.workspace.config.taxonomy
    question = Question(
        max_order=asked.max_order,
        scale=asked.scale,
        targets=tuple(names),
        cost=asked.costs,
        dictionary=run.dictionary,
    )
    return find(run.candidates(), question, budget)


def _cost(run: Run, name: str) -> float:
    return float(run.workspace.config.taxonomy.costs.get(name, 1.0))


def _normalised(drawn: Float32[np.ndarray, "N R"]) -> Float[np.ndarray, "N R"]:
    return np.asarray(drawn / drawn.sum(axis=0))


def _numbers(rows: Sequence[Row]) -> Sequence[dict[str, float]]:
    return [{k: float(v) for k, v in row.items() if isinstance(v, int | float)} for row in rows]
