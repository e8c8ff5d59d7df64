"""A finished run: its tables, its policies, and the losses that its store holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from taskonomy import formats
from taskonomy.affinity import table
from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config
from taskonomy.dictionary import Dictionary
from taskonomy.errors import BadInput
from taskonomy.publishing import models
from taskonomy.runs.context import Context, dataset_root, open_workspace, recorded_content
from taskonomy.store import Store
from taskonomy.tracking.moved import mend
from taskonomy.training import record
from taskonomy.training.examples import examples
from taskonomy.training.identity import ModelRef
from taskonomy.training.model_losses import Tournament, tournaments

Losses = Mapping[str, Float[np.ndarray, " _"]]
"""Per-image test losses by task."""
Buildings = Mapping[str, Int64[np.ndarray, " _"]]
"""The building of every image by task, as numbers."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a run left.

    Attributes:
        config: the profile that it was made with.
        candidates: the rows of affinity.parquet, of the profile's first regime.
        policies: the policies of taxonomy.json, likewise.
        costs: the label cost of every task.
        tournaments: every target's candidates with their losses, likewise.
        networks, guesses: losses of the task networks and of the informed guesses.
        buildings: the building of every test image by task, as numbers; empty where unknown.
        choice_buildings: likewise of every image to choose by.
        grouping: in words, what `buildings` are or why they are unknown.
        digest: the hash of the data set.
        dictionary: the tasks that the run knows.
    """

    config: Config
    candidates: tuple[Candidate, ...]
    policies: tuple[Mapping[str, Any], ...]
    costs: Mapping[str, float]
    tournaments: tuple[Tournament, ...]
    networks: Losses
    guesses: Losses
    buildings: Buildings
    choice_buildings: Buildings
    grouping: str
    digest: str
    dictionary: Dictionary


def read(out: Path, config: Config) -> Finished:
    """Read the run that lies in a folder.

    Args:
        out: the folder, with its `store`.
        config: the profile that the run was made with.

    Raises:
        BadInput: there is no finished run, or it was made with another profile or a newer version.
    """
    mend(out / "mlflow.db")
    listed = models.read(out / "models.parquet").to_pylist()
    main = config.regimes[0]
    rows = table.read(out / "affinity.parquet")
    taxonomy = formats.TAXONOMY.read(out / "taxonomy.json")
    _check_profile(out, config, listed)
    store = Store(str((out / "store").resolve()))
    refs = [models.reference(row) for row in listed]
    networks = _by_kind(store, refs, "task")
    digests = taxonomy["digests"]
    content = digests.get("data_and_splits")
    buildings, choice_buildings, grouping = _buildings(out, config, content, networks)
    return Finished(
        config=config,
        candidates=tuple(row for row in rows if row.regime == str(main)),
        policies=tuple(p for p in taxonomy["policies"] if p["regime"] == str(main)),
        costs={entry["name"]: entry["cost"] for entry in taxonomy["dictionary"]},
        tournaments=tuple(t for t in tournaments(store, refs) if t.regime == main),
        networks=networks,
        guesses=_by_kind(store, refs, "informed_guess"),
        buildings=buildings,
        choice_buildings=choice_buildings,
        grouping=grouping,
        digest=digests["data"],
        dictionary=table.dictionary(out / "affinity.parquet"),
    )


def _check_profile(out: Path, config: Config, listed: Sequence[Mapping[str, Any]]) -> None:
    """A profile that draws other test images would give them to the wrong buildings."""
    regimes = {row["regime"] for row in listed} - {""}
    for name, found, asked in (
        ("seed", {row["seed"] for row in listed}, {config.seed}),
        ("regime", regimes, set(map(str, config.regimes))),
    ):
        if found != asked:
            raise BadInput(
                f"{out}/models.parquet: {name} {_words(found)}; the profile {config.profile} has "
                f"{_words(asked)}, expected what the run was made with (--profile)"
            )


def _words(values: Iterable[Any]) -> str:
    return ", ".join(map(str, sorted(values)))


def _by_kind(store: Store, refs: Sequence[ModelRef], kind: str) -> dict[str, Any]:
    """Test losses by task, of the models that did not fail."""
    found = {ref.target: record.read(store, ref.identity) for ref in refs if ref.kind == kind}
    return {
        name: one.test_losses.astype(np.float64)
        for name, one in found.items()
        if one.test_loss is not None
    }


def _buildings(
    out: Path, config: Config, content: str | None, networks: Losses
) -> tuple[Buildings, Buildings, str]:
    """The building of every test image and of every one to choose by, and a word on them."""
    store = Store(str((out / "store").resolve()))
    for path in sorted((out / "store" / "version-data").glob("*/dataset.json")):
        facts = formats.DATASET_RECORD.read(path)
        if "content" not in facts or recorded_content(facts) != content:
            continue
        root = dataset_root(store, facts)
        if not root.is_dir():
            return {}, {}, f"unknown: the data set is no longer at {root}"
        if facts["split"]["kind"] != "building":
            return {}, {}, f"not to be told apart: {facts['split']['note']}"
        workspace = open_workspace(Context.at(out, config), path.parent.name)
        names = [view.building for view in workspace.dataset.views]
        known = workspace.dictionary
        number = np.unique(names, return_inverse=True)[1]
        chosen = {name: examples(workspace, known[name]) for name in networks}
        found = {name: number[each.test[:, 0]] for name, each in chosen.items()}
        to_choose = {name: number[each.choice[:, 0]] for name, each in chosen.items()}
        if any(len(found[name]) != len(losses) for name, losses in networks.items()):
            return (
                {},
                {},
                f"unknown: profile {config.profile} draws other test images than the run did",
            )
        tested = len(np.unique(np.concatenate([*found.values()])))
        return found, to_choose, f"{tested} buildings in the test split"
    return {}, {}, "unknown: the store does not hold the data set's record"
