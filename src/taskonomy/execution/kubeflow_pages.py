"""What a step shows in Kubeflow's pages of a run: HTML, Markdown and figures, with their origin.

An artifact is a file and a few strings: where its run lies in MLflow, which data and which image it
came from. The texts are made by `publishing`; this writes them where Kubeflow looks for them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from urllib.parse import quote

from taskonomy import formats
from taskonomy.config import Config
from taskonomy.publishing import artifact, cards, models, views
from taskonomy.runs import configuration as run_configuration
from taskonomy.runs.context import (
    EXPERIMENT,
    Context,
    dataset_record,
    recorded_content,
    recorded_dictionary,
)
from taskonomy.store import Store

if TYPE_CHECKING:
    from taskonomy.tracking.registry import Registered


@runtime_checkable
class Artifact(Protocol):
    """An output artifact of a component, as kfp hands it over: a file to write, with metadata."""

    path: str
    metadata: dict[str, Any]


def publication(
    context: Context,
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
        key: the publication's key; of several regimes the first is shown.
        report: the whole report, HTML.
        affinities: the matrix of affinities, HTML.
        taxonomies: the graphs over budgets and orders, HTML.
        summary: what the run came to, Markdown.
        card: the models' card, Markdown.
        figures: a dozen numbers.
    """
    from taskonomy.affinity import table

    store, config = context.open()
    dataset = store.read_json("plan", plan, "plan.json")["dataset"]
    recorded = dataset_record(store, dataset)
    origin, addresses = _traced(context, dataset, recorded, key)
    main = str(config.regimes[0])
    taxonomy = store.read_format(formats.TAXONOMY, "publish", key, "taxonomy.json")
    policies = [policy for policy in taxonomy["policies"] if policy["regime"] == main]
    rows = [
        row
        for row in table.read(store.local("publish", key) / "affinity.parquet")
        if row.regime == main
    ]
    facts = cards.Facts(
        profile=config.profile,
        taxonomy=taxonomy | {"policies": policies},
        models=models.read(store.local("publish", key) / "models.parquet"),
        dataset=recorded,
        dictionary=recorded_dictionary(recorded),
        place=store.address("publish", key),
        links=addresses,
        candidates=rows,
    )
    texts = [
        (report, store.read_bytes("publish", key, "report.html").decode()),
        (affinities, views.affinities(rows, facts.dictionary)),
        (taxonomies, views.taxonomies(policies, facts.dictionary)),
        (summary, cards.summary(facts)),
        (card, cards.model_card(facts)),
    ]
    for shown, text in texts:
        write(shown, text, origin)
    figures.metadata.update(cards.figures(facts))


def inserted(context: Context, plan: str, key: str, summary: Artifact, figures: Artifact) -> None:
    """Show a task of the user's own that was inserted into a publication.

    Args:
        context: where and how to run.
        plan: the key of `plan-novel/<key>/`.
        key: of `novel/<key>/`.
        summary: its policies in words, Markdown.
        figures: the best one in numbers.
    """
    import pyarrow.parquet as pq

    from taskonomy.stages import novel_task

    novel = novel_task.inserted(context, plan)
    run = novel.run
    store, dataset = run.workspace.store, run.workspace.dataset_key
    recorded = dataset_record(store, dataset)
    origin, addresses = _traced(context, dataset, recorded, run.out.name)
    folder = store.local("novel", key)
    words = (folder / f"{novel.task.name}.txt").read_text()
    place = store.address("novel", key)
    text = cards.novel(novel.task.title, words, recorded, addresses, place)
    write(summary, text, origin | {"novel": key, "publication": run.out.name})
    candidates = pq.read_table(folder / "candidates.parquet").to_pylist()
    best = {name: candidates[0][name] for name in ("affinity", "gain", "order")}
    figures.metadata.update({"candidates": float(len(candidates))})
    figures.metadata.update({name: float(value) for name, value in best.items()})


def _traced(
    context: Context, dataset: str, recorded: Mapping[str, Any], publication: str
) -> tuple[dict[str, str | None], dict[str, str]]:
    """Where results come from: an artifact's metadata, and addresses in MLflow by what they show.

    MLflow's runs lead back by their tags (`tracking.training_log.origin`).
    """
    from taskonomy.tracking.registry import find_taxonomy

    registered = find_taxonomy(context.tracking, EXPERIMENT, publication)
    found = (
        {}
        if registered is None
        else links(context.tracking, registered, recorded_content(recorded))
    )
    origin = {
        "dataset": dataset,
        "data_hash": recorded["content"],
        "dvc_revision": recorded["dvc"]["revision"],
        "mlflow_run_id": registered.run_id if registered else None,
        "mlflow_model_version": registered.version if registered else None,
        "mlflow": found.get("the taxonomy"),
        "image": next(("@".join(image) for image in artifact.image_digests().items()), None),
    }
    return origin, found


def links(tracking: str, registered: "Registered", content: str) -> dict[str, str]:
    """Addresses of MLflow's pages by what they show; none where MLflow is a file.

    Args:
        tracking: MLflow's tracking URI.
        registered: the taxonomy in MLflow.
        content: the data's files and splits, which every model's run is tagged with.
    """
    if not tracking.startswith("http"):
        return {}
    pages = f"{tracking.rstrip('/')}/#"
    runs = f"{pages}/experiments/{registered.experiment}"
    wanted = quote(f"tags.dataset = '{content}'")
    return {
        "the taxonomy": f"{pages}/models/taxonomy/versions/{registered.version}",
        "its run": f"{runs}/runs/{registered.run_id}",
        "the models' runs": f"{runs}?searchFilter={wanted}",
    }


def configuration(context: Context, shown: Artifact) -> None:
    """Show a run's whole configuration.

    Args:
        context: where and how to run.
        shown: the configuration, Markdown.
    """
    config = Config.from_json(context.config)
    origin = {"configuration": context.key, "profile": config.profile}
    write(shown, run_configuration.page(config), origin)


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

    Where a publication of the store has these affinities, its data are theirs, and its table of
    models names their runs in MLflow.

    Args:
        store: root of the store.
        key: of `resolve/<key>/`.
        taxonomies: the graphs over budgets, HTML.
        summary: the policies in words, Markdown.
        figures: what the policy shown first comes to.
    """
    place = Store(store)
    content = place.read_format(formats.POLICIES, "resolve", key, "policies.json")
    words = place.read_bytes("resolve", key, "resolved.txt").decode()
    published = _publication(place, content["affinity"])
    origin = {"affinity": content["affinity"], "resolve": key, **published}
    known = recorded_dictionary(content)
    write(taxonomies, views.taxonomies(content["policies"], known), origin)
    write(summary, cards.resolved(words, published), origin)
    figures.metadata.update({"policies": float(len(content["policies"]))})
    figures.metadata.update(cards.best_figures(content["policies"]))


def _publication(store: Store, affinity: str) -> dict[str, str | None]:
    """The publication with these affinities: its data, and its table of models; nothing if none."""
    for key in store.keys("publish"):
        digests = store.read_format(formats.TAXONOMY, "publish", key, "taxonomy.json")["digests"]
        if digests["affinity"] == affinity:
            made = store.read_format(formats.PROVENANCE, "publish", key, "provenance.json")
            return {
                "publication": key,
                "data_hash": digests["data"],
                "dvc_revision": made["dvc_revision"],
                "models": store.address("publish", key, "models.parquet"),
            }
    return {}
