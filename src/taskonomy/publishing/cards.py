"""A publication in words: the summary of its run, and the card of its models, as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import Dictionary
from taskonomy.publishing.graph import loses_to_guess
from taskonomy.publishing.pages import best_value


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What both texts are made from.

    Attributes:
        profile: the profile's name.
        taxonomy: the content of taxonomy.json.
        models: the table of models.parquet.
        dataset: what `version-data` recorded.
        dictionary: the tasks that the run knows.
        place: where the published files lie.
        links: addresses in MLflow by what they show; none where a browser reaches none.
        candidates: the rows of affinity.parquet of the regime that is shown.
    """

    profile: str
    taxonomy: Mapping[str, Any]
    models: pa.Table
    dataset: Mapping[str, Any]
    dictionary: Dictionary
    place: str
    links: Mapping[str, str]
    candidates: Sequence[Candidate]


def figures(facts: Facts) -> dict[str, float]:
    """A run in a dozen numbers at most: Kubeflow keeps them in its database of metadata."""
    statuses = facts.models.column("status").to_pylist()
    found = {
        "tasks": float(len(facts.taxonomy["dictionary"])),
        "models": float(len(statuses)),
        "failed_models": float(sum(status != "finished" for status in statuses)),
        "networks_beating_the_guess": float(_beating_the_guess(facts.models)),
        "candidates": float(len(facts.candidates)),
        "views": float(facts.dataset["views"]),
    }
    return found | best_figures(facts.taxonomy["policies"])


def _beating_the_guess(listed: pa.Table) -> int:
    """How many task networks have a lower test loss than the informed guess of their task."""
    losses: dict[str, dict[str, float]] = {"task": {}, "informed_guess": {}}
    for kind, target, loss in zip(
        *(listed.column(name).to_pylist() for name in ("kind", "target", "test_loss")), strict=True
    ):
        if kind in losses and loss is not None:
            losses[kind][target] = loss
    guesses = losses["informed_guess"]
    return sum(loss < guesses[name] for name, loss in losses["task"].items() if name in guesses)


def best_figures(policies: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The policy that the report shows first, in numbers; none where no quality is known."""
    best = best_value(policies)
    if best is None:
        return {}
    return {
        "budget": float(best["budget"]),
        "labelled_tasks": float(len(best["sources"])),
        "mean_gain": float(best["mean_gain"]),
        "mean_quality": float(best["mean_quality"]),
    }


def summary(facts: Facts) -> str:
    """What a run came to, on one screen."""
    counted = figures(facts)
    lines = [
        "# Taxonomy",
        "",
        *_shown(facts.taxonomy["policies"], facts.dictionary),
        "",
        "| | |",
        "|---|---|",
        f"| Profile | {facts.profile} |",
        *_origin(facts.dataset),
        _images(facts.candidates),
        f"| Models | {counted['models']:.0f}, of which {counted['failed_models']:.0f} failed |",
        *_places(facts.links, facts.place),
    ]
    left_out = facts.taxonomy["left_out"]
    if left_out:
        lines += ["", "Left out for want of labels:", ""]
        titles = facts.dictionary
        lines += [f"- {titles[name].title}: {why}" for name, why in sorted(left_out.items())]
    return "\n".join(lines) + "\n"


def _images(candidates: Sequence[Candidate]) -> str:
    """On how many images candidates are chosen and compared; pairs may be fewer than views."""
    tested = max((c.n_test for c in candidates), default=0)
    chosen = max((c.n_choice for c in candidates), default=0)
    by = f"up to {chosen} validation images that train nothing" if chosen else "the test images too"
    return f"| Compared on | up to {tested} test images; chosen on {by} |"


def _without(dataset: Mapping[str, Any]) -> list[str]:
    """The views that were left out, and why the first of them was."""
    left_out = dataset.get("views_left_out", ())
    if not left_out:
        return []
    first = Path(str(left_out[0]["reason"]).split(": ")[0]).name
    return [f"| Views left out | {len(left_out)}, incomplete or damaged, the first for {first} |"]


def model_card(facts: Facts) -> str:
    """What the published models are, what they were trained on, and what not to use them for."""
    kinds = facts.models.column("kind").to_pylist()
    counted = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    entries = sorted(facts.taxonomy["dictionary"], key=lambda entry: str(entry["name"]))
    split = facts.dataset["split"]
    lines = [
        "# Model card",
        "",
        "## Models",
        "",
        f"{len(kinds)} models by kind: {counted}. A network a task (encoder and head), readouts of"
        " its frozen encoder into other tasks, and the baselines that both are measured against."
        " `models.parquet` lists each with its file and hash.",
        "",
        "## Use",
        "",
        "To decide which tasks to label and which transfers to train (Zamir et al., CVPR 2018)."
        " The networks are compared with each other, not tuned to be the best of their kind.",
        "",
        "## Data",
        "",
        "| | |",
        "|---|---|",
        *_origin(facts.dataset),
        f"| Views | {facts.dataset['views']} in {facts.dataset['buildings']} buildings |",
        *_without(facts.dataset),
        f"| Split | by {split['kind']}: "
        + ", ".join(f"{len(split[part])} {part}" for part in ("train", "val", "test"))
        + " |",
        _images(facts.candidates),
        "",
        "## Measured",
        "",
        "Gain is the share of test images on which a transfer beats a network trained from scratch"
        " on the same images, quality the share on which it beats the fully supervised network.",
        "",
        *_shown(facts.taxonomy["policies"], facts.dictionary),
        "",
        "| Task | Group | Role | Loss |",
        "|---|---|---|---|",
        *(f"| {e['title']} | {e['group']} | {e['role']} | {e['loss']} |" for e in entries),
        "",
        "## Limits",
        "",
        f"- Comparisons hold for these data and networks of this size (profile {facts.profile}).",
        "- Affinities rest on the test images of one seed; their intervals leave the seed out.",
    ]
    if facts.dataset["source"] == "scenes":
        lines.append("- The data are rendered rooms: nothing here was seen on photographs.")
    if split["note"]:
        lines.append(f"- {split['note']}")
    return "\n".join(lines) + "\n"


def novel(
    title: str, words: str, dataset: Mapping[str, Any], links: Mapping[str, str], place: str
) -> str:
    """What was found for a task of the user's own, and where it comes from.

    Args:
        title: the task's.
        words: its policies, as `taskonomy novel` prints them.
        dataset, links, place: as in `Facts`.
    """
    table = ["| | |", "|---|---|", *_origin(dataset), *_places(links, place)]
    return "\n".join([f"# {title}", "", f"```\n{words}```", "", *table]) + "\n"


def resolved(words: str, publication: Mapping[str, str | None]) -> str:
    """Taxonomies that were solved anew, and what their affinities were published from.

    Args:
        words: the policies.
        publication: `data_hash`, `dvc_revision` and `models`, the place of the table that names the
            models' runs in MLflow; empty where no publication is known.
    """
    lines = ["# Taxonomies", "", f"```\n{words}```"]
    if publication:
        lines += [
            "",
            "| | |",
            "|---|---|",
            *_versions(publication["data_hash"], publication["dvc_revision"]),
            f"| Models and their runs in MLflow | `{publication['models']}` |",
        ]
    return "\n".join(lines) + "\n"


def _places(links: Mapping[str, str], place: str) -> list[str]:
    told = ", ".join(f"[{words}]({address})" for words, address in links.items())
    return [
        f"| In MLflow | {told or 'see the metadata of this artifact'} |",
        f"| Files | `{place}` |",
    ]


def _origin(dataset: Mapping[str, Any]) -> list[str]:
    recorded = dataset["dvc"]
    return [
        f"| Data | {dataset['source']} |",
        *_versions(dataset["content"], recorded["revision"]),
    ]


def _versions(content: str | None, revision: str | None) -> list[str]:
    return [
        f"| Data's hash | `{content}` |",
        f"| Data's revision | {revision or 'outside of a repository'} |",
    ]


def _shown(policies: Sequence[Mapping[str, Any]], dictionary: Dictionary) -> list[str]:
    """The policy that the report shows first, in a sentence."""
    best = best_value(policies)
    if best is None:
        return ["No policy's quality is known."]
    labelled = ", ".join(dictionary[name].title for name in best["sources"])
    return [
        f"With a budget of {best['budget']:g}, label **{labelled}**: mean gain"
        f" {best['mean_gain']:.3f}, mean quality {best['mean_quality']:.3f} over"
        f" {len(best['edges'])} targets, transfers of order {best['max_order']} at most.",
        *_losing(best, dictionary),
    ]


def _losing(policy: Mapping[str, Any], dictionary: Dictionary) -> list[str]:
    """The targets that a policy solves no better than the informed guess, in a sentence."""
    found = [dictionary[edge["target"]].title for edge in policy["edges"] if loses_to_guess(edge)]
    if not found:
        return []
    return ["", f"**No better than the informed guess**, the best constant: {', '.join(found)}."]
