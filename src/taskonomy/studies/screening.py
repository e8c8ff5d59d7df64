"""Screening: does a part of the first-order readouts' steps lead to as good a taxonomy?

All first-order readouts of the run are trained on smaller rungs too, so that every way of screening
can be replayed from the same readouts (`replay.py`); what a way would train is counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from tqdm import tqdm

from taskonomy.errors import BadInput
from taskonomy.evaluation.measured import Draws
from taskonomy.runs.run import Run
from taskonomy.studies import figures, halving, losses, replay
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study, readouts
from taskonomy.studies.halving import Rung, Screened, Trained
from taskonomy.studies.replay import Outcome, Target
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.training import record
from taskonomy.training.examples import examples
from taskonomy.training.identity import job_ref
from taskonomy.training.job import Job
from taskonomy.training.workspace import Workspace

DRAWS = 20
"""Random subsets of the readouts; their gains are averaged."""
MOST_STEPS, WITHIN = 1 / 3, 0.99
"""What screening is asked for: so much of the exhaustive gain, at so much of the steps."""
ALL, HALVING, RANDOM = "all", "halving", "random"
REACHED = "reached"


class Estimate(NamedTuple):
    """A number with its 95% interval."""

    value: float
    low: float
    high: float


def needs(run: Run) -> Sequence[Phase]:
    return [
        [
            batch
            for rung in _rungs(run)[:-1]
            for batch in readouts(_workspace(run, rung), _jobs(run, rung))
        ]
    ]


def measure(run: Run) -> Findings:
    targets, config = _targets(run), run.workspace.config.taxonomy
    if not targets:
        raise BadInput(f"{run.out}: found no target with both baselines, expected at least one")
    question = Question(scale=config.scale, cost=config.costs, dictionary=run.dictionary)
    ways = _ways(targets, _rungs(run))
    found = {
        name: replay.outcome(targets, way, question, config.budgets)
        for name, way in tqdm(ways.items(), desc="ways of screening", mininterval=1)
    }
    found = _random_averaged(found)
    whole = found.pop(ALL)
    units = targets[0].draws[0]
    summary: list[Row] = []
    for name, one in found.items():
        share, reached = one.steps / whole.steps, len(one.gains) == len(whole.gains)
        ratio, above = _against(one, whole, np.divide, units), None
        if name != RANDOM:
            above = _against(one, found[RANDOM], np.subtract, units)
        summary.append(
            {
                "screening": name,
                "steps": round(one.steps),
                "share": share,
                "budgets": len(one.gains),
                "of all": _said(ratio),
                "above random": _said(above),
                "verdict": "-" if name == RANDOM else _verdict(share, ratio, above, reached),
            }
        )
    rows: list[Row] = [
        {
            "budget": budget,
            ALL: float(gains[0]),
            **{
                name: float(one.gains[budget][0]) if budget in one.gains else None
                for name, one in found.items()
            },
        }
        for budget, gains in whole.gains.items()
    ]
    text = (
        f"First-order readouts of {len(targets)} targets, {round(whole.steps)} steps in all, and "
        f"what a part of them leads to.\n{_explained(run)}\n{as_text(summary)}\nMean gain of the "
        f"taxonomy by budget:\n{as_text(rows)}\n{_judged(summary)}"
    )
    points = {
        name: [(float(budget), float(gains[0])) for budget, gains in one.gains.items()]
        for name, one in {ALL: whole, **found}.items()
    }
    figure = figures.lines(points, "budget (tasks labelled in full)", "mean gain")
    return Findings(text=text, tables={"screening": summary, "budgets": rows}, figure=figure)


STUDY = Study(needs, measure)


def _ways(targets: Sequence[Target], rungs: Sequence[Rung]) -> dict[str, replay.Screening]:
    """Every way of screening by name; random draws have names of their own."""
    *lower, _ = enumerate(rungs)

    def halved(*, keep: bool) -> replay.Screening:
        return lambda target, images: halving.halving(target.rungs, images, keep=keep)

    def uniform(number: int) -> replay.Screening:
        return lambda target, _: halving.uniform(target.rungs, number)

    def drawn(seed: int) -> replay.Screening:
        place = {target.name: i for i, target in enumerate(targets)}

        def screened(target: Target, images: Bool[np.ndarray, " N"]) -> Screened:
            cost = halving.halving(target.rungs, images, keep=False).trained
            rng = np.random.default_rng((seed, place[target.name]))
            return halving.drawn(target.rungs, halving.steps_of(target.rungs, cost), rng)

        return screened

    return {
        ALL: uniform(len(lower)),
        HALVING: halved(keep=False),
        "halving, all edges": halved(keep=True),
        **{f"every edge, steps: {rung.steps}": uniform(i) for i, rung in lower},
        **{f"{RANDOM} {seed}": drawn(seed) for seed in range(DRAWS)},
    }


def _random_averaged(found: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """The random draws as one outcome, of the budgets that most of them can spend."""
    draws = [found[f"{RANDOM} {seed}"] for seed in range(DRAWS)]
    rest = {name: one for name, one in found.items() if not name.startswith(RANDOM)}
    gains = {}
    for budget in rest[ALL].gains:
        rows = [one.gains[budget] for one in draws if budget in one.gains]
        if 2 * len(rows) > len(draws):
            gains[budget] = np.asarray(np.mean(rows, axis=0))
    steps = float(np.mean([one.steps for one in draws]))
    return {**rest, RANDOM: Outcome(steps, gains)}


def _against(one: Outcome, other: Outcome, how: np.ufunc, units: Draws) -> Estimate | None:
    """Two mean gains over the budgets that both can spend; None if there is no such budget."""
    common = [budget for budget in other.gains if budget in one.gains]
    if not common:
        return None
    mine, theirs = (np.mean([o.gains[b] for b in common], axis=0) for o in (one, other))
    values: Float[np.ndarray, " R"] = how(mine, theirs)
    low, high = units.interval(values[1:])
    return Estimate(float(values[0]), float(low), float(high))


def _said(found: Estimate | None) -> str:
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]" if found else "-"


def _verdict(share: float, ratio: Estimate | None, above: Estimate | None, everywhere: bool) -> str:
    """Whether a way of screening is good enough, or the first reason why not."""
    if share > MOST_STEPS:
        return "fails: too many steps"
    if not (everywhere and ratio and above):
        return "fails: budgets without a taxonomy"
    if ratio.value < WITHIN:
        return "fails: gain"
    if above.value <= 0:
        return "fails: no better than random"
    return REACHED if ratio.low >= WITHIN and above.low > 0 else "reached, not surely"


def _judged(summary: Sequence[Row]) -> str:
    reached = [str(row["screening"]) for row in summary if str(row["verdict"]) == REACHED]
    if not reached:
        return "Screening fails: no way of it is surely as good as is asked for.\n"
    return f"As good as is asked for: {', '.join(reached)}.\n"


def _explained(run: Run) -> str:
    rungs = "; ".join(f"{rung.images} images, {rung.steps} steps" for rung in _rungs(run))
    return (
        f"Rungs: {rungs}.\n\n"
        "halving: the better half of a target's sources goes on to the next rung; those that drop\n"
        "  out are no edges. halving, all edges: they stay edges, by the last readout they had.\n"
        "every edge, steps: n: all sources on that rung alone.\n"
        f"random: sources trained whole, for at least halving's steps; mean of {DRAWS} draws.\n\n"
        "Chosen on one half of the test buildings and measured on the other, and the other way "
        "round. Edges\nare measured as trained whole; the steps of those that were not yet are "
        "counted. Of all: mean gain\nover budgets as a share of the exhaustive taxonomy's; above "
        "random: difference of mean gains; over\nthe budgets that both can spend, with 95% "
        "bootstrap over test buildings, or over images where there\nare few. Asked for: "
        f"{WITHIN} of all at a third of the steps, and more than random.\n"
    )


def _targets(run: Run) -> list[Target]:
    workspace, found = run.workspace, []
    rungs = [(_workspace(run, rung), _jobs(run, rung)) for rung in _rungs(run)]
    names = [view.building for view in workspace.dataset.views]
    number = np.unique(names, return_inverse=True)[1].astype(np.int64)
    by_building = workspace.splits.kind == "building"
    for name in run.targets:
        supervised = losses.of_model(workspace, "task", name)
        scratch = losses.of_model(workspace, "scratch", name)
        if supervised is None or scratch is None:
            continue
        test = examples(workspace, run.dictionary[name]).test
        half, draws = replay.halves(len(test), number[test[:, 0]] if by_building else None)
        found.append(
            Target(
                name=name,
                supervised=supervised,
                scratch=scratch,
                rungs=[
                    {job.sources[0]: _trained(on, job) for job in jobs if job.target == name}
                    for on, jobs in rungs
                ],
                half=half,
                draws=draws,
            )
        )
    return found


def _trained(workspace: Workspace, job: Job) -> Trained:
    found = record.read(workspace.store, job_ref(workspace, job).identity)
    return Trained(found.steps, found.test_losses.astype(np.float64))


def _rungs(run: Run) -> tuple[Rung, ...]:
    """The run's own regime last."""
    transfer = run.workspace.config.transfer
    return halving.rungs_of(min(run.regime, run.images), transfer.steps, transfer.batch)


def _workspace(run: Run, rung: Rung) -> Workspace:
    """The run's, with readouts of a rung's steps."""
    config = run.workspace.config
    transfer = config.transfer.model_copy(update={"steps": rung.steps})
    return replace(run.workspace, config=config.model_copy(update={"transfer": transfer}))


def _jobs(run: Run, rung: Rung) -> list[Job]:
    """The run's first-order transfers of trained sources, of its first readout seed."""
    own = rung == _rungs(run)[-1]
    return [
        job if own else replace(job, regime=rung.images)
        for job in run.first_order
        if job.kind == "transfer"
        and job.sources != (job.target,)
        and run.dictionary[job.sources[0]].trained
        and job.readout_seed == 0
    ]
