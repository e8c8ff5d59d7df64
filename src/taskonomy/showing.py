"""What a step shows in Kubeflow's pages of a run: HTML, Markdown and figures, with their origin.

An artifact is a file and a few strings: where its run lies in MLflow, which data and which image it
came from. The texts are made by `publishing`; this writes them where Kubeflow looks for them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from taskonomy import stages
from taskonomy.publishing import artifact, cards, models, views
from taskonomy.store import Store


@runtime_checkable
class Artifact(Protocol):
    """An output artifact of a component, as kfp hands it over: a file to write, with metadata."""

    path: str
    metadata: dict[str, Any]


def publication(
    context: stages.Context,
    plan: str,
    key: str,
    *,
    report: Artifact,
    affinities: Artifact,
    taxonomies: Artifact,
    summary: Artifact,
    card: Artifact,
    figures: Artifact,
) -> None:
    """Show a publication.

    Args:
        context: where and how to run.
        plan: the plan's key.
        key: the publication's key.
        report: the whole report, HTML.
        affinities: the matrix of affinities, HTML.
        taxonomies: the graphs over budgets and orders, HTML.
        summary: what the run came to, Markdown.
        card: the models' card, Markdown.
        figures: a dozen numbers.
    """
    from taskonomy.affinity import table
    from taskonomy.config import Config
    from taskonomy.tracking.registry import find_taxonomy

    store = Store(context.store)
    dataset = store.read_json("plan", plan, "plan.json")["dataset"]
    registered = find_taxonomy(context.tracking, stages.EXPERIMENT, key)
    link = ""
    if registered is not None and context.tracking.startswith("http"):
        link = f"{context.tracking.rstrip('/')}/#/models/taxonomy/versions/{registered.version}"
    facts = cards.Facts(
        profile=Config.from_json(context.config).profile,
        taxonomy=store.read_json("publish", key, "taxonomy.json"),
        models=models.read(store.local("publish", key) / "models.parquet"),
        dataset=store.read_json("version-data", dataset, "dataset.json"),
        place=store.path("publish", key),
        link=link,
    )
    origin = {
        "dataset": dataset,
        "data_md5": facts.dataset["dvc"]["md5"],
        "dvc_revision": facts.dataset["dvc"]["revision"],
        "mlflow_run_id": registered.run_id if registered else None,
        "mlflow_model_version": registered.version if registered else None,
        "mlflow": link,
        "image": next(("@".join(image) for image in artifact.image_digests().items()), None),
    }
    rows = table.read(store.local("publish", key) / "affinity.parquet")
    texts = [
        (report, store.read_bytes("publish", key, "report.html").decode()),
        (affinities, views.affinities(rows)),
        (taxonomies, views.taxonomies(facts.taxonomy["policies"])),
        (summary, cards.summary(facts)),
        (card, cards.model_card(facts)),
    ]
    for shown, text in texts:
        write(shown, text, origin)
    figures.metadata.update(cards.figures(facts))


def write(artifact: Artifact, text: str, metadata: Mapping[str, str | None]) -> None:
    """Fill an artifact; what is not known is left out of its metadata."""
    path = Path(artifact.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    artifact.metadata.update({name: value for name, value in metadata.items() if value})


def resolved(
    store: str, key: str, taxonomies: Artifact, summary: Artifact, figures: Artifact
) -> None:
    """Show taxonomies that were solved from stored affinities.

    Args:
        store: root of the store.
        key: of `resolve/<key>/`.
        taxonomies: the graphs over budgets, HTML.
        summary: the policies in words, Markdown.
        figures: what the policy shown first comes to.
    """
    place = Store(store)
    content = place.read_json("resolve", key, "policies.json")
    words = place.read_bytes("resolve", key, "resolved.txt").decode()
    origin = {"affinity": content["affinity"], "resolve": key}
    write(taxonomies, views.taxonomies(content["policies"]), origin)
    write(summary, f"# Taxonomies\n\n```\n{words}```\n", origin)
    figures.metadata.update(cards.best_figures(content["policies"]))
