"""`taskonomy evaluate` on affinities and win rates alone, as the paper's released files hold them.

Without per-image losses there are no intervals, no tests of significance and no sanity table; all
that taxonomies need is there.
"""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.errors import BadInput
from taskonomy.evaluation import taxonomy_tables
from taskonomy.evaluation.significance import DRAWS, PERCENTILES
from taskonomy.evaluation.task_map import task_map
from taskonomy.evaluation.tree import first_order, task_tree
from taskonomy.publishing import evaluation_files
from taskonomy.store import code_version
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.policy import Policy
from taskonomy.taxonomy.sweep import policies

Tables = dict[str, list[dict[str, Any]]]


def evaluate(
    out: Path,
    config: Config,
    candidates: Sequence[Candidate],
    sources: Sequence[Path],
    notes: Sequence[str] = (),
    dictionary: Dictionary = DICTIONARY,
) -> Path:
    """Evaluate candidates of one regime by a profile's budgets, orders, scale and costs.

    Args:
        out: a folder that holds no run.
        candidates: with their win rates, nan where unknown.
        sources: the files that they were read from.
        notes: what is odd about those, in lines.
        dictionary: the tasks that are known.

    Returns:
        The folder of what was written: `out/evaluation`.

    Raises:
        BadInput: the folder holds a run, whose evaluation would be lost, or the candidates do not
            fit the profile.
        Infeasible: no taxonomy answers the profile's question.
    """
    if (out / "taxonomy.json").exists():
        raise BadInput(f"--out {out}: found a run there, expected a folder without one")
    question, solved = solve(candidates, config, dictionary)
    made = of_affinities(candidates, question, solved)
    made["novel"] = taxonomy_tables.novel(candidates, question.max_order, dictionary)
    if (tree := task_tree(candidates)) is not None:
        made["tree"] = taxonomy_tables.tree(tree)
    configuration = {
        "files": {path.name: _digest(path) for path in sources},
        "notes": list(notes),
        "question": {"profile": config.profile, **config.taxonomy.model_dump()},
        **made_with(),
    }
    out.mkdir(parents=True, exist_ok=True)
    return evaluation_files.write(out, made, configuration, dictionary)


def _digest(path: Path) -> str:
    """The hash of a file, or of the files of a folder in the order of their names."""
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    content = b"".join(file.read_bytes() for file in inside if file.is_file())
    return hashlib.sha256(content).hexdigest()


def solve(
    candidates: Sequence[Candidate], config: Config, dictionary: Dictionary
) -> tuple[Question, list[Policy]]:
    """What a profile asks, and its taxonomies of every order and budget that has one."""
    asked = config.taxonomy
    question = Question(
        max_order=asked.max_order,
        scale=asked.scale,
        cost=asked.costs,
        dictionary=dictionary,
    )
    orders = range(1, asked.max_order + 1)
    return question, policies(candidates, asked.budgets, orders, question)


def of_affinities(
    candidates: Sequence[Candidate], question: Question, solved: Sequence[Policy]
) -> Tables:
    """The tables that need affinities and win rates alone."""
    made: Tables = {
        "policies": taxonomy_tables.policies(solved),
        "budgets": taxonomy_tables.budgets(candidates, question, solved),
        "fronts": taxonomy_tables.fronts(candidates, question),
        "baselines": taxonomy_tables.baselines(candidates),
    }
    if (found := task_map(first_order(candidates))) is not None:
        made["map"] = taxonomy_tables.places(found)
    return made


def made_with(*modules: str) -> dict[str, Any]:
    """The part of a configuration that `of_affinities` fixes; `modules` made further tables."""
    packages = ("affinity", "dictionary", "evaluation", "taxonomy", "runs/affinity_evaluation.py")
    return {
        "random_taxonomies": DRAWS,
        "random_percentiles": PERCENTILES,
        "code": code_version(*packages, *modules),
        "versions": {name: version(name) for name in ("numpy", "ortools", "scipy", "taskonomy")},
    }
