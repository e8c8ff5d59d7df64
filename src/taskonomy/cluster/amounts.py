"""How much a profile does: examples, steps, models and comparisons, by the rules of the stages."""

from math import comb
from typing import NamedTuple

from taskonomy.config import Config
from taskonomy.data.splits import PROPORTIONS
from taskonomy.dictionary import DICTIONARY, Task
from taskonomy.training.candidates import EXHAUSTIVE
from taskonomy.training.examples import SHARE


def dictionary(config: Config) -> tuple[Task, ...]:
    """The tasks of a profile.

    Raises:
        BadInput: a file that declares some cannot be read here.
    """
    known = DICTIONARY
    if config.dictionary:
        from taskonomy.targets import declared  # torch, which the 26 need not wait for

        known = declared.dictionary(config.dictionary)
    return tuple(known[name] for name in config.tasks or known.names)


class Examples(NamedTuple):
    """Images and steps of a task whose examples are single views (training/examples.py).

    Attributes:
        steps: of the task's own network.
        transfer_steps: of a readout.
        scratch_steps: of a scratch network.
        test: test images.
        choice: images to choose by.
        represented: images that each encoder encodes.
    """

    steps: int
    transfer_steps: int
    scratch_steps: int
    test: int
    choice: int
    represented: int

    @property
    def held(self) -> int:
        """Images that every model is measured on."""
        return self.test + self.choice


def examples(config: Config) -> Examples:
    """What the rooms of a profile give, with splits of their usual shares."""
    train, val, test = (int(config.data.images * share) for share in PROPORTIONS)
    steps = config.training.epochs * max(1, train // config.training.batch)
    tested = min(config.transfer.test_images, test)
    transferred = min(max(config.regimes), train // SHARE)
    chosen = min(config.transfer.test_images, val - transferred)
    return Examples(
        steps=steps,
        transfer_steps=config.transfer.steps,
        scratch_steps=config.transfer.scratch_steps,
        test=tested,
        choice=chosen,
        represented=transferred + chosen + tested,
    )


class Models(NamedTuple):
    """How many models a run trains.

    Attributes:
        tasks: task networks, each with its informed guess.
        untrained: random encoders.
        targets: targets of transfers; each has a scratch network.
        readouts: readouts by order, the first order first.
        repeats: how often each readout and scratch network is trained: regimes times seeds.
    """

    tasks: int
    untrained: int
    targets: int
    readouts: tuple[int, ...]
    repeats: int = 1

    @property
    def scratch(self) -> int:
        """Scratch networks."""
        return self.targets * self.repeats

    @property
    def all(self) -> int:
        """Every row of models.parquet."""
        return 2 * self.tasks + self.untrained + self.scratch + sum(self.readouts)


def models(config: Config, tasks: int = 0) -> Models:
    """The models of a profile.

    Args:
        config: the profile.
        tasks: as if the dictionary had so many tasks, with its own share of targets; 0: the
            profile's own.
    """
    known = dictionary(config)
    untrained = sum(not task.trained for task in known)
    targets = sum(task.role == "both" for task in known)
    count, repeats = len(known), len(config.regimes) * config.seeds
    if tasks:
        targets = round(tasks * targets / count)
        count = tasks
    top = min(config.transfer.top, count - 1 - untrained)
    higher = tuple(
        repeats * targets * (comb(top, order) if order <= EXHAUSTIVE else 1)
        for order in range(2, config.transfer.max_order + 1)
    )
    readouts = (repeats * targets * count, *higher)
    return Models(count - untrained, untrained, targets, readouts, repeats)


def one_more(count: Models) -> Models:
    """What inserting one task into a run trains: its scratch network and its readouts."""
    readouts = tuple(number // count.targets for number in count.readouts)
    return Models(0, 0, 1, readouts, count.repeats)


def stages(config: Config, count: Models) -> dict[str, float]:
    """What each stage that trains nothing works on, in a unit that its time grows with.

    A tournament compares every two candidates of a target on every test image, and again in every
    replicate. Between a programme of the demo's edges and one of 20,000 (`python -m
    benchmarks.large`) time grew about with the square of the edges. All else reads each model once.

    Args:
        config: the profile.
        count: its models.
    """
    tested, edges = examples(config).test, sum(count.readouts)
    sources, candidates = count.readouts[0] / count.targets, edges / count.targets + 1
    programmes = len(config.taxonomy.budgets) * config.taxonomy.max_order
    return {
        "plan": float(count.all),
        "select-candidates": count.targets * sources**2 * tested,
        "compute-affinity": count.targets * candidates**2 * tested * config.affinity.replicates,
        "solve-taxonomy": float(programmes * edges**2),
        "evaluate": float(edges),
        "publish": float(count.all),
    }
