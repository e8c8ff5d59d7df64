"""Everything that a run publishes, assembled from what its stages left."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
from jaxtyping import Float

from taskonomy.affinity import table
from taskonomy.evaluation.sanity import Sanity, sanity
from taskonomy.publishing import artifact, models, samples
from taskonomy.publishing.pages import best_value
from taskonomy.publishing.report import DatasetFacts, ReportData, render_report
from taskonomy.training import record
from taskonomy.training.examples import examples
from taskonomy.training.identity import ModelRef, main_regime, model_path
from taskonomy.training.workspace import Workspace

FILES = (
    "taxonomy.json",
    "provenance.json",
    "affinity.parquet",
    "models.parquet",
    "report.html",
)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a publication is made from.

    Attributes:
        workspace: data set, splits, configuration, store.
        facts: what `version-data` recorded.
        refs: every model of the run.
        runs: MLflow run ids by model.
        affinity: the run's affinity.parquet.
        policies: solved policies, as plain data.
        evaluation: what `evaluate` measured.
        started: when the run started, ISO 8601.
    """

    workspace: Workspace
    facts: Mapping[str, Any]
    refs: Sequence[ModelRef]
    runs: Mapping[str, str]
    affinity: Path
    policies: Sequence[Mapping[str, Any]]
    evaluation: Mapping[str, Any]
    started: str


def write(made: Inputs, folder: Path) -> None:
    """Write all files of a publication into a folder."""
    finished = datetime.now(UTC)
    copyfile(made.affinity, folder / "affinity.parquet")
    rows = [_model(made, ref) for ref in made.refs]
    listed = models.to_table(rows)
    (folder / "models.parquet").write_bytes(models.to_bytes(listed))
    taxonomy = artifact.taxonomy(
        dictionary=made.workspace.dictionary,
        tasks=made.facts["tasks"],
        left_out=made.facts["left_out"],
        costs=made.workspace.config.taxonomy.costs,
        policies=made.policies,
        digests={
            "data": made.facts["content"],
            "data_and_splits": made.workspace.content,
            "affinity": _sha256(made.affinity),
        },
    )
    (folder / "taxonomy.json").write_bytes(artifact.canonical(taxonomy))
    provenance = artifact.provenance(
        runs={
            ref.identity: made.runs[ref.identity] for ref in made.refs if ref.identity in made.runs
        },
        started=made.started,
        finished=finished.isoformat(timespec="seconds"),
        dvc_revision=made.facts["dvc"]["revision"],
        image_digests=artifact.image_digests(),
    )
    (folder / "provenance.json").write_bytes(artifact.canonical(provenance))
    seconds = (finished - datetime.fromisoformat(made.started)).total_seconds()
    page = render_report(_report(made, listed, taxonomy, seconds))
    (folder / "report.html").write_text(page, encoding="utf-8")


def figures(folder: Path, regime: str) -> dict[str, float]:
    """A publication's figures for the registry, read from its files.

    Counts, and gain and quality of the regime's policy that is shown first.
    """
    found = {"models": float(models.read(folder / "models.parquet").num_rows)}
    policies = json.loads((folder / "taxonomy.json").read_bytes())["policies"]
    best = best_value([policy for policy in policies if policy["regime"] == regime])
    if best is not None:
        found |= {"mean_gain": best["mean_gain"], "mean_quality": best["mean_quality"]}
    return found


def _report(made: Inputs, listed: Any, taxonomy: Mapping[str, Any], seconds: float) -> ReportData:
    config, facts, tree = made.workspace.config, made.facts, made.evaluation["tree"]
    parts = facts["split"]
    return ReportData(
        profile=config.profile,
        regime=str(config.regimes[0]),
        seeds=(config.seed,),
        seconds=seconds,
        dataset=DatasetFacts(
            source=facts["source"],
            version=facts["content"],
            views=facts["views"],
            buildings=facts["buildings"],
            size=config.network.image_size,
            split_kind=parts["kind"],
            split_note=parts["note"],
            counts={part: len(parts[part]) for part in ("train", "val", "test")},
            left_out=len(facts.get("views_left_out", ())),
            roles=_roles(made.workspace),
        ),
        affinity=table.read(made.affinity),
        models=listed,
        taxonomy=taxonomy,
        sanity=_sanity(made),
        samples=_samples(made),
        classes=facts["classes"],
        linkage=None if tree is None else np.array(tree["merges"], dtype=np.float64),
        tree_labels=() if tree is None else tree["sources"],
        dictionary=made.workspace.dictionary,
        structure=made.evaluation["structure_text"],
    )


_APART = {"building": "of other buildings", "point": "of other points, partly in one building"}


def _roles(workspace: Workspace) -> str:
    """How many images train readouts, choose among them and test them, of tasks of single views."""
    tasks = (workspace.dictionary[name] for name in workspace.config.tasks)
    found = [task for task in tasks if task.trained and task.items == "view"]
    if not found:
        return ""
    chosen, val = examples(workspace, found[0]), len(workspace.splits.val)
    said = f"Readouts are trained on {len(chosen.transfer)} of the {val} val images; "
    if len(chosen.choice):
        said += (
            f"{len(chosen.choice)} others, {_APART[chosen.apart]}, decide which sources are "
            "combined and which transfers a policy picks."
        )
    else:
        said += (
            "none is left to choose by, so that the test images decide which sources are combined "
            "and which transfers a policy picks, which flatters what is picked."
        )
    return f"{said} All rates are of {len(chosen.test)} test images."


def _model(made: Inputs, ref: ModelRef) -> models.Model:
    store = made.workspace.store
    found = record.read(store, ref.identity)
    place = model_path(ref.identity)
    return models.Model(
        model_id=ref.identity,
        kind=ref.kind,
        target=found.target,
        sources=tuple(sorted(found.sources)),
        order=found.order,
        regime=str(found.regime or ""),
        seed=found.seed,
        readout_seed=found.readout_seed,
        status=found.status,
        steps=found.steps,
        train_images=found.train_images,
        test_loss=found.test_loss,
        mlflow_run_id=made.runs.get(ref.identity),
        artifact="/".join(place),
        sha256=hashlib.sha256(store.read_bytes(*place)).hexdigest(),
        seconds=found.seconds,
    )


def _sanity(made: Inputs) -> tuple[Sanity, ...]:
    networks = _losses(made, "task")
    random = {
        ref.target: ref
        for ref in made.refs
        if ref.kind == "transfer"
        and len(ref.sources) == 1
        and made.workspace.dictionary.untrained(ref.sources[0])
        and ref.regime == main_regime(made.workspace)
    }
    return sanity(networks, _losses(made, "informed_guess"), _measured(made, random.values()))


def _losses(made: Inputs, kind: str) -> dict[str, Float[np.ndarray, " N"]]:
    return _measured(made, [ref for ref in made.refs if ref.kind == kind])


def _measured(made: Inputs, refs: Iterable[ModelRef]) -> dict[str, Float[np.ndarray, " N"]]:
    """Test losses by target, of the models that did not fail."""
    found = {ref.target: record.read(made.workspace.store, ref.identity) for ref in refs}
    return {name: one.test_losses for name, one in found.items() if one.test_loss is not None}


def _samples(made: Inputs) -> dict[str, samples.Samples]:
    store = made.workspace.store
    return {
        ref.target: samples.read(store.local("samples", f"{ref.identity}.npz"))
        for ref in made.refs
        if ref.kind == "task" and store.exists("samples", f"{ref.identity}.npz")
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
