"""Convergence: are readouts and scratch networks trained for long enough?

Some edges are trained again for a quarter, half and twice the profile's steps, on half of the
images, and once more with another seed. Training is long enough if twice the steps change no more
than another seed does: the same sources serve a target best, no gain that the buildings decide
changes its side, and losses fall by next to nothing. Schedules stretch with the steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from taskonomy.affinity.ahp import ahp
from taskonomy.affinity.tournament import win_rate, win_rates
from taskonomy.config import Config
from taskonomy.evaluation.intervals import replicates
from taskonomy.evaluation.measured import draws_of
from taskonomy.runs.run import Run
from taskonomy.studies import agreement, figures
from taskonomy.studies.findings import Findings, Row, as_text
from taskonomy.studies.frame import Phase, Study, readouts
from taskonomy.training.examples import examples
from taskonomy.training.identity import model_ref
from taskonomy.training.job import Job
from taskonomy.training.model_losses import Tournament, job_models, tournaments
from taskonomy.training.workspace import Workspace

EDGES, SOURCES = 60, 6
"""How many edges are trained again, and how many sources a target gets of these."""
SHARES = (0.25, 0.5, 1.0, 2.0)
"""Of the profile's steps."""
CEILING = 0.95
"""What twice the steps must keep of the rank agreement of two seeds."""
FALL = 0.02
"""By what share of themselves losses may fall with twice the steps, at most."""


def needs(run: Run) -> Sequence[Phase]:
    return [[batch for workspace, jobs in _variants(run) for batch in readouts(workspace, jobs)]]


def measure(run: Run) -> Findings:
    found = [_measured(workspace, jobs) for workspace, jobs in _variants(run)]
    own, twice, again = found[2:5]
    ceiling, kept = rank_agreement(own, again), rank_agreement(own, twice)
    fall = 1 - loss_ratio(twice, own)
    changed = _changed(run, own, twice)
    reached = kept >= CEILING * ceiling and not changed and fall < FALL
    steps = [workspace.config.transfer.steps for workspace, _ in _variants(run)]
    names = [*(f"{n} steps" for n in steps[:-2]), "another seed", "half of the images"]
    rows: list[Row] = [
        {
            "trained": name,
            "rank agreement": rank_agreement(own, each),
            "loss": loss_ratio(each, own),
            "scratch loss": loss_ratio(each, own, scratch=True),
            "gain": float(
                np.mean([gain for one in each.values() for gain in _gains(one).values()])
            ),
        }
        for name, each in zip(names, found, strict=True)
    ]
    edges = sum(len(one.losses) - 1 for one in own.values())
    text = (
        f"{edges} edges into {len(own)} targets, {SOURCES} sources each. Rank agreement: of a "
        f"target's sources with those of the\nprofile's own {steps[2]} steps, Spearman, mean over "
        "targets. Losses: shares of the profile's own, geometric means.\nGain: mean share of test "
        f"images on which a readout beats the scratch network of as many steps.\n\n{as_text(rows)}"
        f"\nTwice the steps keep {kept / ceiling:.0%} of the agreement of two seeds (goal: at least"
        f" {CEILING:.0%}), lower the mean loss by\n{fall:.1%} (goal: less than {FALL:.0%}), and "
        f"change the side of {len(changed)} gains that the buildings decide (goal: none)"
        f"{': ' + ', '.join(changed) if changed else ''}.\n"
        f"So training {'is' if reached else 'is not'} long enough by this measure.\n"
    )
    points = {
        name: [(float(n), float(row[name])) for n, row in zip(steps[:-2], rows, strict=False)]
        for name in ("rank agreement", "loss", "scratch loss", "gain")
    }
    figure = figures.lines(points, "steps", "share", even=1.0, logarithmic=True)
    return Findings(text=text, tables={"convergence": rows}, figure=figure)


STUDY = Study(needs, measure)

Tournaments = Mapping[str, Tournament]
"""By target; the first row of losses is the task's own network, the others are readouts."""


def _variants(run: Run) -> list[tuple[Workspace, list[Job]]]:
    """What is trained: shares of the steps, then another seed, then half of the images."""
    jobs, workspace = _jobs(run), run.workspace
    fewer = [replace(job, regime=max(8, min(run.regime, run.images) // 2)) for job in jobs]
    return [
        *(
            (replace(workspace, config=_of_share(workspace.config, share)), jobs)
            for share in SHARES
        ),
        (workspace, [replace(job, readout_seed=run.workspace.config.seeds) for job in jobs]),
        (workspace, fewer),
    ]


def _of_share(config: Config, share: float) -> Config:
    """A profile with a share of the steps of readouts and of scratch networks."""
    names = ("steps", "scratch_steps")
    asked = {name: max(1, round(share * getattr(config.transfer, name))) for name in names}
    return config.updated(transfer=asked)


def _jobs(run: Run) -> list[Job]:
    """The scratch networks of some targets, and readouts into them, drawn by the run's seed."""
    rng = np.random.default_rng(run.workspace.config.seed)
    count = min(len(run.targets), EDGES // SOURCES)
    chosen = sorted(rng.choice(run.targets, count, replace=False).tolist())
    jobs: list[Job] = []
    for target in chosen:
        sources = [name for name in run.tasks if name != target and run.dictionary[name].trained]
        drawn = rng.choice(sources, min(SOURCES, len(sources)), replace=False).tolist()
        jobs.append(Job("scratch", target, (), run.regime))
        jobs += [Job("transfer", target, (name,), run.regime) for name in sorted(drawn)]
    return jobs


def _measured(workspace: Workspace, jobs: Sequence[Job]) -> Tournaments:
    targets = sorted({job.target for job in jobs})
    refs = [model_ref(workspace, "task", name) for name in targets]
    held = tournaments(workspace.store, [*refs, *job_models(workspace, jobs)])
    return {one.target: one for one in held}


def _sources(one: Tournament) -> list[tuple[str, ...]]:
    return [sources for _, sources in one.entries[1:]]


def _affinities(held: Tournaments) -> dict[str, dict[tuple[str, ...], float]]:
    return {
        target: dict(zip(_sources(one), ahp(win_rates(one.losses[1:])).tolist(), strict=True))
        for target, one in held.items()
    }


def _gains(one: Tournament) -> dict[tuple[str, ...], float]:
    gains = win_rate(one.losses[1:], one.scratch).tolist()
    return dict(zip(_sources(one), gains, strict=True))


def rank_agreement(one: Tournaments, other: Tournaments) -> float:
    """Spearman's correlation of the affinities of a target's readouts, its mean over targets."""
    found = agreement.correlations(_affinities(one), _affinities(other))
    return float(np.mean([*found.values()]))


def loss_ratio(each: Tournaments, own: Tournaments, *, scratch: bool = False) -> float:
    """The geometric mean of each model's mean loss over that of the profile's own."""
    logs = []
    for target in own.keys() & each.keys():
        ours, theirs = (_means(held[target], scratch) for held in (own, each))
        logs += [np.log(theirs[name] / ours[name]) for name in ours.keys() & theirs.keys()]
    return float(np.exp(np.mean(logs)))


def _means(one: Tournament, scratch: bool) -> dict[tuple[str, ...], float]:
    if scratch:
        return {(): float(one.scratch.mean())}
    return dict(zip(_sources(one), one.losses[1:].mean(axis=1).tolist(), strict=True))


def _changed(run: Run, own: Tournaments, twice: Tournaments) -> list[str]:
    """`changed_gains` of all targets."""
    found = []
    for target in sorted(own.keys() & twice.keys()):
        chosen = examples(run.workspace, run.dictionary[target], run.regime).test
        names = [run.workspace.dataset.views[int(row[0])].building for row in chosen]
        buildings = np.unique(names, return_inverse=True)[1].astype(np.int64)
        seed = run.workspace.config.seed
        found += changed_gains(own[target], twice[target], buildings, seed)
    return found


def changed_gains(
    own: Tournament, later: Tournament, buildings: Int64[np.ndarray, " N"], seed: int
) -> list[str]:
    """Return the edges whose gain lies on one side of 1/2 by its interval, and later on the other.

    Args:
        own: the readouts into one target, and its scratch network.
        later: the same after other training.
        buildings: the building of every test image.
        seed: of the draws of buildings, or of images where there are few buildings.
    """
    draws = draws_of(len(buildings), buildings, seed)
    drawn = draws.get("building", draws["image"])
    found = replicates(own.losses, own.scratch, ahp(win_rates(own.losses)), drawn.counts)
    low, high = (ends[1:] for ends in drawn.interval(found.gain))
    gains = _gains(later)
    return [
        f"{' + '.join(sources)} to {own.target}"
        for sources, least, most in zip(_sources(own), low, high, strict=True)
        if least > 0.5 > gains.get(sources, 0.5) or most < 0.5 < gains.get(sources, 0.5)
    ]
