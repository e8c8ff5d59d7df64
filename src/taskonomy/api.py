"""The functions of the public Python interface (docs/api.md); `import taskonomy` offers them."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskonomy import files
from taskonomy.affinity.candidate import Candidate
from taskonomy.taxonomy import affinities as affinity_files
from taskonomy.taxonomy.hypergraph import Question

if TYPE_CHECKING:
    from taskonomy.taxonomy.policy import Policy

Place = str | os.PathLike[str]
"""The place of a file or a folder."""


def load_affinities(
    path: Place,
    *,
    regime: str | None = None,
    wins_vs_scratch: Place | None = None,
    wins_vs_supervised: Place | None = None,
    drop_suspect: bool = False,
    rows: str | None = None,
    names: Place | None = None,
) -> list[Candidate]:
    """Return the candidates of an affinity file, in the file's order.

    Args:
        path: a table with a row a candidate (a run's affinity.parquet, or the like as Parquet or
            CSV from another tool), one of the paper's released pickles, of which nothing is
            executed, or a matrix (`.npy` or CSV). A file is known by its content.
        regime: which regime of a table that holds several; None takes all.
        wins_vs_scratch: for a released file: its win rates against scratch, which are gains.
        wins_vs_supervised: for a released file: its win rates against full supervision, which are
            qualities.
        drop_suspect: whether suspect entries are left out.
        rows: what the rows of a matrix are: `targets` or `sources`.
        names: a file with the names of a matrix's rows, then of its columns if they are others.

    Raises:
        BadInput: the file cannot be used, or an argument does not fit it.

    Warns:
        UserWarning: an entry is suspect or missing; one warning each.
    """
    candidates, notes = affinity_files.read(
        Path(path),
        regime=regime,
        wins_vs_scratch=None if wins_vs_scratch is None else Path(wins_vs_scratch),
        wins_vs_supervised=None if wins_vs_supervised is None else Path(wins_vs_supervised),
        drop_suspect=drop_suspect,
        rows=rows,
        names=None if names is None else Path(names),
    )
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=2)
    return candidates


def solve(
    affinities: Sequence[Candidate], budget: float | int, max_order: int = 2, **question: Any
) -> "Policy":
    """Return the optimal taxonomy: which tasks to label, and from what to solve every target.

    Args:
        affinities: the candidates of one regime, as `load_affinities` returns them.
        budget: the most that the labels of the bought tasks may cost together, a finite number from
            0 in units of label cost; a task costs 1 unless `cost` says otherwise.
        max_order: the most sources of one transfer, from 1.
        question: what else is asked, by the fields of `taskonomy.taxonomy.hypergraph.Question`:
            scale, sources, targets, novel, must_use, must_not_use, cost, importance,
            with_own_readouts, with_random, must_beat_guess, dictionary.

    Raises:
        BadInput: the question or the budget makes no sense for these candidates.
        Infeasible: no policy answers it.
        TypeError: `question` holds another name.
    """
    from taskonomy.taxonomy.policy import find

    return find(affinities, Question(max_order=max_order, **question), budget)


def run(
    profile: str = "demo",
    out: Place = "out",
    data: Place | None = None,
    params: Place | None = None,
    dictionary: Sequence[Place] = (),
) -> Path:
    """Run the whole road on this machine, from a data set to a published taxonomy.

    Its progress goes to the terminal, as that of `taskonomy run`; finished work is skipped.

    Args:
        profile: a profile of the parameters' file.
        out: the folder for the store and the published files.
        data: a data set in the Taskonomy layout; None renders the embedded rooms.
        params: the parameters' file; None takes params.yaml of the working directory, else the one
            that comes with the package.
        dictionary: files that declare tasks of the user's own, beside those of the parameters.

    Returns:
        The folder, with taxonomy.json, affinity.parquet and the other files of docs/contract.md.

    Raises:
        BadInput: an argument, the parameters or the data cannot be used.
        Infeasible: no taxonomy satisfies the parameters.
        StageFailed: a stage failed otherwise.
    """
    from taskonomy.config import load
    from taskonomy.execution.local import run_locally
    from taskonomy.runs.context import Context

    config = load(files.params() if params is None else Path(params), profile)
    declared = (*config.dictionary, *map(_address, dictionary))
    config = config.updated(dictionary=declared)
    folder = Path(out)
    run_locally(Context.at(folder, config), "" if data is None else str(data), folder)
    return folder


def _address(file: Place) -> str:
    """A file as every step finds it, wherever it works; a URL stays what it is."""
    text = os.fspath(file)
    return text if "://" in text else str(Path(text).resolve())
