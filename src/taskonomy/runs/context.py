"""Where and how the stages of a run work, and what they open."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskonomy import formats
from taskonomy.config import Config
from taskonomy.dictionary import DICTIONARY, Dictionary, Task
from taskonomy.errors import BadInput
from taskonomy.runs import configuration, plans
from taskonomy.store import Store, digest

if TYPE_CHECKING:
    from taskonomy.training.workspace import Workspace

EXPERIMENT = "taskonomy"
"""The MLflow experiment of every run."""


@dataclass(frozen=True)
class Context:
    """Where and how a stage runs, in plain strings that any orchestrator can carry.

    Attributes:
        store: root of the store, a folder or an object-store URL.
        config: one profile, as `Config.to_json` writes it.
        tracking: MLflow's tracking URI.
    """

    store: str
    config: str
    tracking: str

    def open(self) -> tuple[Store, Config]:
        """The store and the profile."""
        return Store(self.store), Config.from_json(self.config)

    @property
    def key(self) -> str:
        """The key by which the profile lies in the store."""
        return configuration.key_of(self.config)

    def keep(self) -> str:
        """Keep the profile in the store for the steps after the first one; return its key."""
        return configuration.keep(*self.open())

    @staticmethod
    def kept(store: str, key: str, tracking: str) -> "Context":
        """The context of a run by the key of its profile.

        Raises:
            BadInput: the store holds no such profile.
        """
        return Context(store, configuration.kept(Store(store), key), tracking)

    @staticmethod
    def of_shard(store: str, shard: str) -> "Context":
        """The context of a run by the address of a shard, whose plan names all else.

        Raises:
            BadInput: the store holds no such plan, or not its profile.
        """
        plan = plans.of_shard(Store(store), shard)
        return Context.kept(store, plan["configuration"], plan["tracking"])

    def named(self) -> dict[str, str]:
        """What a plan says of the run that its shards belong to."""
        return {"configuration": self.key, "tracking": self.tracking}

    @staticmethod
    def at(out: Path, config: Config) -> "Context":
        """The context of a run on this machine: store and MLflow database below `out`."""
        out = out.resolve()
        return Context(str(out / "store"), config.to_json(), f"sqlite:///{out}/mlflow.db")


def open_workspace(context: Context, dataset: str) -> "Workspace":
    """What the processes of a run work on: data set, splits, configuration and store.

    Args:
        context: where and how to run.
        dataset: the data set's key.
    """
    from taskonomy.data import layout, splits
    from taskonomy.training.workspace import Workspace

    store, config = context.open()
    facts = dataset_record(store, dataset)
    left_out = {
        layout.View(each["building"], each["point"], each["view"])
        for each in facts.get("views_left_out", ())
    }
    indexed = layout.index(dataset_root(store, facts)).without(left_out)
    # What the data set has no labels for is not asked for.
    config = config.updated(tasks=facts["tasks"])
    parts = splits.split(indexed)
    content, dictionary = recorded_content(facts), recorded_dictionary(facts)
    return Workspace(store, config, indexed, dataset, content, parts, dictionary)


def dataset_record(store: Store, dataset: str) -> dict[str, Any]:
    """What the stage version-data has recorded of a data set (runs/dataset.py).

    Args:
        store: the run's store.
        dataset: the data set's key.

    Raises:
        BadInput: a newer version has recorded it.
    """
    return store.read_format(formats.DATASET_RECORD, "version-data", dataset, "dataset.json")


def dataset_root(store: Store, facts: Mapping[str, Any]) -> Path:
    """The folder of a run's data set, also after the store was moved.

    What lies in the store is recorded by its place there. Records of format 1 hold the absolute
    path that it had: its last two parts are its place.
    """
    root = store.located(facts["root"])
    inside = Path(store.path(*root.parts[-2:]))
    return inside if not root.exists() and inside.is_dir() else root


def recorded_content(facts: Mapping[str, Any]) -> str:
    """What models learn from, of a `dataset.json`: labels and splits, whatever is asked of them.

    A dictionary with one task more thus leaves every trained model its name, and so does moving or
    repacking the data.

    Raises:
        BadInput: an older version of taskonomy wrote these facts.
    """
    if "content" not in facts:
        raise BadInput(
            f"the record of {facts['root']}: found no `content`, its labels' hash; expected what "
            "this version of taskonomy records (run version-data again)"
        )
    split = {part: facts["split"][part] for part in ("train", "val", "test")}
    return digest(content=facts["content"], split=split)


def recorded_dictionary(facts: Mapping[str, Any]) -> Dictionary:
    """The dictionary of a run: the 26 tasks with those that its files declare.

    The declarations lie in `dataset.json` as plain data, since steps without torch cannot run the
    files.
    """
    return DICTIONARY.joined(map(Task.of_json, facts.get("dictionary", ())))
