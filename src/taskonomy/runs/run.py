"""A finished run, as studies read it: its models, its affinities and how long it took."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config
from taskonomy.dictionary import Dictionary
from taskonomy.errors import BadInput
from taskonomy.publishing import models
from taskonomy.runs.context import Context, open_workspace
from taskonomy.runs.training_times import Seconds
from taskonomy.store import Store
from taskonomy.tracking.moved import mend
from taskonomy.training.identity import ModelRef, main_regime
from taskonomy.training.job import Job
from taskonomy.training.model_losses import first_order_ranks, job_models, task_models
from taskonomy.training.workspace import Workspace


@dataclass(frozen=True)
class Run:
    """A run that `taskonomy run` has finished.

    Attributes:
        out: the folder of its published files.
        context: where and how its stages ran.
        workspace: data set, splits, configuration and store.
        jobs: every readout and scratch network that it trained.
        seconds: how long its models took.
        images: how many images a readout saw.
        other: the data set that is asked for generalisation; None for rooms of another look.
    """

    out: Path
    context: Context
    workspace: Workspace
    jobs: tuple[Job, ...]
    seconds: Seconds
    images: int
    other: Path | None = None

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the run."""
        return self.workspace.config.tasks

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets of its readouts, in the dictionary's order."""
        asked = {job.target for job in self.jobs}
        return tuple(name for name in self.tasks if name in asked)

    @property
    def regime(self) -> int:
        """The first regime of the profile, which studies look at."""
        return main_regime(self.workspace)

    @property
    def dictionary(self) -> Dictionary:
        """The tasks that the run knows."""
        return self.workspace.dictionary

    @property
    def first_order(self) -> tuple[Job, ...]:
        """The scratch networks and the first-order readouts of the first regime."""
        return tuple(
            job for job in self.jobs if len(job.sources) <= 1 and job.regime == self.regime
        )

    def refs(self) -> list[ModelRef]:
        """Every model of the run."""
        return [*task_models(self.workspace, self.tasks), *job_models(self.workspace, self.jobs)]

    def candidates(self) -> list[Candidate]:
        """The run's affinity table, of the first regime."""
        rows = table.read(self.out / "affinity.parquet")
        return [row for row in rows if row.regime == str(self.regime)]

    def ranks(self) -> dict[str, list[str]]:
        """Every target's first-order sources, best first, without its own and the random one."""
        found = first_order_ranks(self.workspace, self.first_order)
        return {target: ranked for (_, target), ranked in found.items()}


def open_run(out: Path, config: Config) -> Run:
    """Find a finished run again by the names of its models.

    Args:
        out: the folder that `taskonomy run --out` was given.
        config: the profile that it ran with.

    Raises:
        BadInput: nothing has been published there, or by another profile, seed or version.
    """
    mend(out / "mlflow.db")
    found = _find(Context.at(out, config), out)
    if found is None:
        raise BadInput(
            f"{out / 'models.parquet'}: found no models of profile {config.profile}, seed "
            f"{config.seed} and this version's code; expected what `taskonomy run --profile "
            f"{config.profile} --out {out}` leaves"
        )
    return found


def published(context: Context, taxonomy: str) -> Run:
    """Find the run of a published taxonomy again; its published files are those in the store.

    Args:
        context: where and how it ran.
        taxonomy: the publication's key.

    Raises:
        BadInput: nothing has been published by that key, or by another profile, seed or version.
    """
    store = Store(context.store)
    if not store.finished("publish", taxonomy):
        raise BadInput(
            f"{store.path('publish', taxonomy)}: no finished publication; expected the key that a "
            "run of the pipeline taxonomy has returned"
        )
    found = _find(context, store.local("publish", taxonomy))
    if found is None:
        config = Config.from_json(context.config)
        raise BadInput(
            f"{store.path('publish', taxonomy)}: found no models of profile {config.profile}, seed "
            f"{config.seed} and this version's code; expected the profile that it was made with"
        )
    return found


def _find(context: Context, out: Path) -> Run | None:
    """The run whose published files lie in a folder; None if the store holds no such models.

    Raises:
        BadInput: no data set that is there is the run's, and one of the store's is not there.
    """
    rows = models.read(out / "models.parquet").to_pylist()
    known = {row["model_id"] for row in rows if row["kind"] not in ("transfer", "scratch")}
    gone: BadInput | None = None
    for key in Store(context.store).keys("version-data"):
        try:
            workspace = open_workspace(context, key)
        except BadInput as error:
            gone = error  # perhaps that of another run, or a study's
            continue
        if known == {ref.identity for ref in task_models(workspace, workspace.config.tasks)}:
            readouts = [row for row in rows if row["kind"] in ("transfer", "scratch")]
            return Run(
                out=out,
                context=context,
                workspace=workspace,
                jobs=tuple(_job(models.reference(row)) for row in readouts),
                seconds=Seconds.of(rows),
                images=_images(readouts, out),
            )
    if gone:
        raise gone
    return None


def _job(ref: ModelRef) -> Job:
    return Job(
        "scratch" if ref.kind == "scratch" else "transfer",
        *(ref.target, ref.sources, ref.regime, ref.readout_seed),
    )


def _images(readouts: Iterable[dict[str, object]], out: Path) -> int:
    counts = [int(str(row["train_images"])) for row in readouts]
    if not counts:
        raise BadInput(f"{out / 'models.parquet'}: found no readout; expected those of a whole run")
    return max(counts)
