"""Where and how the stages of a run work, and what they open."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskonomy.config import Config
from taskonomy.dictionary import DICTIONARY, Dictionary, Task
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
    facts = store.read_json("version-data", dataset, "dataset.json")
    indexed = layout.index(Path(facts["root"]))
    # What the data set has no labels for is not asked for.
    config = config.updated(tasks=facts["tasks"])
    parts = splits.split(indexed)
    content, dictionary = recorded_content(facts), recorded_dictionary(facts)
    return Workspace(store, config, indexed, dataset, content, parts, dictionary)


def recorded_content(facts: Mapping[str, Any]) -> str:
    """What models learn from, of a `dataset.json`: its files and splits, whatever is asked of them.

    A dictionary with one task more thus leaves every trained model its name.
    """
    split = {part: facts["split"][part] for part in ("train", "val", "test")}
    return digest(md5=facts["dvc"]["md5"], split=split)


def recorded_dictionary(facts: Mapping[str, Any]) -> Dictionary:
    """The dictionary of a run: the 26 tasks with those that its files declare.

    The declarations lie in `dataset.json` as plain data, since steps without torch cannot run the
    files.
    """
    return DICTIONARY.joined(map(Task.of_json, facts["dictionary"]))
