"""New taxonomies from affinities that a run has left in the store: other questions, no training."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import fsspec

from taskonomy import formats
from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import Dictionary
from taskonomy.errors import BadInput, Infeasible
from taskonomy.publishing import artifact
from taskonomy.store import Store, code_version, digest
from taskonomy.taxonomy import affinities
from taskonomy.taxonomy.hypergraph import Question
from taskonomy.taxonomy.policy import Policy, find_ranked
from taskonomy.taxonomy.sweep import front
from taskonomy.taxonomy.words import budgets as front_text
from taskonomy.taxonomy.words import ranking
from taskonomy.taxonomy.words import text as policy_text


def question(given: Mapping[str, Any]) -> Question:
    """A question from plain values, as Kubeflow carries them.

    Args:
        given: the fields of `Question`. Empty `sources` and `targets` mean all tasks; a number may
            come as a float.

    Raises:
        BadInput: a number is none.
    """
    values = dict(given)
    for key in ("sources", "targets", "novel", "must_use", "must_not_use"):
        values[key] = tuple(map(str, values.get(key) or ()))
    for key in ("sources", "targets"):
        values[key] = values[key] or None
    for key in ("cost", "importance"):
        values[key] = {
            name: _number(f"{key} of {name}", value) for name, value in values[key].items()
        }
    return Question(**values)


def resolve(
    store: str, affinity: str, asked: Question, budgets: Sequence[Any], k_best: int, regime: str
) -> str:
    """Solve the Boolean Integer Program anew on stored affinities.

    Args:
        store: root of the store.
        affinity: the key of a run's affinities, or the place of a table of candidates or of a
            released pickle (`taxonomy.affinities`), on a disk or at a URL of fsspec.
        asked: the question.
        budgets: one policy each; empty gives every budget that buys more than a smaller one.
        k_best: with budgets, how many sets of tasks to name for each, best first.
        regime: which regime of a table that holds several; empty where it holds one.

    Returns:
        The key of `resolve/<key>/` with policies.json, and with resolved.txt, the same in words.

    Raises:
        BadInput: there are no such affinities, or the question makes no sense for them.
        Infeasible: no budget has a policy.
    """
    place = Store(store)
    limits = [_number("budget", value) for value in budgets]
    if k_best < 1 or (k_best > 1 and not limits):
        raise BadInput(f"k_best: found {k_best}; expected 1, or more together with budgets")
    content = _content(place, affinity)
    dictionary, rows, notes = _read(content, affinity, regime)
    asked = replace(asked, dictionary=dictionary)
    sha256 = hashlib.sha256(content).hexdigest()
    key = digest(
        stage="resolve",
        affinity=sha256,
        question=asdict(asked),
        budgets=limits,
        k_best=k_best,
        regime=regime,
        code=code_version("taxonomy", "affinity", "dictionary", "stages/resolve.py"),
    )
    if not place.finished("resolve", key):
        best, words = _solved(rows, asked, limits, k_best)
        solved = {
            "affinity": sha256,
            "dictionary": [task.as_json() for task in asked.dictionary.declared],
            "policies": [
                artifact.policy(
                    {
                        **policy.as_json(),
                        "budget": policy.budget,
                        "max_order": policy.max_order,
                        "regime": rows[0].regime,
                    }
                )
                for policy in best
            ],
        }
        with place.output("resolve", key) as folder:
            (folder / "policies.json").write_bytes(
                artifact.canonical(formats.POLICIES.stamped(solved))
            )
            text = "\n\n".join([*notes, words]) + "\n"
            (folder / "resolved.txt").write_text(text, encoding="utf-8")
    return key


def _solved(
    rows: Sequence[Candidate], asked: Question, budgets: Sequence[float], k_best: int
) -> tuple[list[Policy], str]:
    """The best policy of each budget, and all that was found in words."""
    if not budgets:
        policies = front(rows, asked)
        return policies, front_text(policies)
    best: list[Policy] = []
    words: list[str] = []
    reason = ""
    for budget in budgets:
        try:
            found = find_ranked(rows, asked, budget, k_best)
        except Infeasible as error:
            reason = str(error)
            words.append(f"Budget {budget:g}: infeasible, {reason}")
            continue
        best.append(replace(found[0], budget=budget))
        words.append(f"Budget {budget:g}\n{policy_text(found[0])}")
        if k_best > 1:
            words.append(ranking(found))
    if not best:
        raise Infeasible(reason)
    return best, "\n\n".join(words)


def _content(place: Store, affinity: str) -> bytes:
    """The bytes of a file of affinities."""
    if place.finished("compute-affinity", affinity):
        return place.read_bytes("compute-affinity", affinity, "affinity.parquet")
    if not {"/", "."} & set(affinity):
        raise BadInput(
            f"{place.path('compute-affinity', affinity)}: no finished affinities; expected the "
            "key of a run's affinities, or the place of an affinity.parquet"
        )
    try:
        with fsspec.open(affinity, "rb") as source:
            content: bytes = source.read()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise BadInput(f"{affinity}: no such file; expected an affinity.parquet") from error
    return content


def _read(
    content: bytes, affinity: str, regime: str
) -> tuple[Dictionary, list[Candidate], list[str]]:
    """The tasks that a file speaks of, its candidates of one regime, and what is odd about it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "affinity"
        path.write_bytes(content)
        try:
            found, notes = affinities.read(path)
            known = affinities.dictionary(path)
        except BadInput as error:
            raise BadInput(str(error).replace(str(path), affinity)) from error
    regimes = sorted({row.regime for row in found})
    if regime and regime not in regimes:
        raise BadInput(f"{affinity}: no regime {regime!r}; expected one of: {', '.join(regimes)}")
    return known, [row for row in found if row.regime == regime or not regime], notes


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{what}: found {json.dumps(value)}; expected a number")
    return float(value)
