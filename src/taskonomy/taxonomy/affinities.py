"""Affinities as files hold them: tables, the paper's released pickles, and matrices.

A file is known by its content, whatever it is called.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from taskonomy.affinity import content, delimited
from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.errors import BadInput
from taskonomy.taxonomy import released
from taskonomy.text import decode_text

EXPECTED = "affinities: a table (Parquet or CSV), a released pickle, or a matrix (.npy or CSV)"
"""The files that are read, in words."""

_NAMED = 5
"""How many repeated rows a line names."""


def read(
    path: Path,
    *,
    regime: str | None = None,
    wins_vs_scratch: Path | None = None,
    wins_vs_supervised: Path | None = None,
    drop_suspect: bool = False,
    rows: str | None = None,
    names: Path | None = None,
) -> tuple[list[Candidate], list[str]]:
    """Return a file's candidates, and what is odd about it, a line each.

    Args:
        path: a table with a row a candidate, a released pickle or a matrix of affinities.
        regime: which regime of a table that holds several; None takes all.
        wins_vs_scratch: released win rates that are gains.
        wins_vs_supervised: released win rates that are qualities.
        drop_suspect: whether suspect entries are left out.
        rows: what a matrix's rows are, `targets` or `sources`.
        names: a file with the names of a matrix's rows and columns (`matrix.read_names`).

    Raises:
        BadInput: the file cannot be used, or an argument does not fit it.
    """
    kind = _kind(path)
    lines = _lines(path) if kind == "text" else []
    is_matrix = kind == "npy" or (kind == "text" and not _is_table(lines))
    for option, given in (("--rows", rows), ("--names", names)):
        if given is not None and not is_matrix:
            raise BadInput(f"{option}: {path} names its tasks, expected it with a matrix")
    if kind == "pickle":
        if regime is not None:
            raise BadInput(f"--regime: found {regime!r}, but a released file has one regime")
        return _released((path, wins_vs_scratch, wins_vs_supervised), drop=drop_suspect)
    wins = {"--wins-vs-scratch": wins_vs_scratch, "--wins-vs-supervised": wins_vs_supervised}
    for option in (name for name, file in wins.items() if file is not None):
        raise BadInput(f"{option}: {path} has its own win rates or none, expected a released .pkl")
    found = _matrix(path, lines, rows, names) if is_matrix else _table(path, lines)
    if not found:
        raise BadInput(f"{path}: found no candidate, expected one a row or a cell")
    if regime is not None:
        regimes = sorted({c.regime for c in found})
        found = [c for c in found if c.regime == regime]
        if not found:
            raise BadInput(f"--regime: found {regime!r}, expected one of {', '.join(regimes)}")
    return _checked(path, found, drop=drop_suspect)


def dictionary(path: Path) -> Dictionary:
    """The tasks that a file speaks of: the 26, and those that a run's own files have declared."""
    if _kind(path) != "parquet":
        return DICTIONARY
    from taskonomy.affinity import table  # pyarrow, which other files do not need

    return table.dictionary(path)


def _kind(path: Path) -> content.Kind:
    """The kind of a file's content; a folder counts as Parquet, since Spark writes such.

    Raises:
        BadInput: it cannot be read, or is of a kind that is not read.
    """
    if path.is_dir():
        return "parquet"
    try:
        return content.kind(path.read_bytes())
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; expected {EXPECTED}") from error
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; expected {EXPECTED}") from error
    except BadInput as error:
        raise BadInput(f"{path}: {error}; expected {EXPECTED}") from error


def _lines(path: Path) -> list[list[str]]:
    return delimited.rows(decode_text(path.read_bytes(), path), path)


def _is_table(lines: Sequence[Sequence[str]]) -> bool:
    """Whether lines are a table of candidates; a matrix's first line holds no such words."""
    return bool({"target", "sources", "affinity"} & set(lines[0]))


def _table(path: Path, lines: Sequence[Sequence[str]]) -> list[Candidate]:
    from taskonomy.affinity import table

    if not lines:
        return table.read(path)
    header, *body = lines
    table.check_columns(path, header)
    for number, line in enumerate(body):
        if len(line) != len(header):
            raise BadInput(
                f"{path}: row {number} has {len(line)} cells, expected {len(header)} as the header"
            )
    return table.candidates(path, (dict(zip(header, line, strict=True)) for line in body))


def _matrix(
    path: Path, lines: Sequence[Sequence[str]], rows: str | None, names: Path | None
) -> list[Candidate]:
    from taskonomy.affinity import matrix

    held = matrix.from_rows(lines, path) if lines else matrix.from_npy(path.read_bytes(), path)
    return matrix.candidates(held, rows, names, path)


def _released(paths: Sequence[Path | None], *, drop: bool) -> tuple[list[Candidate], list[str]]:
    affinities, scratch, supervised = (released.read(p) if p else None for p in paths)
    assert affinities is not None
    files = (affinities, scratch, supervised)
    suspects = released.suspects(*files)
    done = "dropped" if drop else "kept; --drop-suspect leaves it out"
    notes = [f"suspect entry {found.key}: {found.reason} ({done})" for found in suspects]
    notes += [f"missing entry {found.key}: {found.reason}" for found in released.missing(*files)]
    dropped = {suspect.key for suspect in suspects} if drop else set()
    kept = {key: p for key, p in affinities.items() if key not in dropped}
    return released.candidates(kept, scratch, supervised), notes


def _checked(
    path: Path, found: Sequence[Candidate], *, drop: bool
) -> tuple[list[Candidate], list[str]]:
    """The candidates of a table or matrix, each once, and what is suspect about them.

    Raises:
        BadInput: two rows say different things of one candidate, and none may be dropped.
    """
    first: dict[tuple[object, ...], int] = {}
    repeated = []
    for index, row in enumerate(found):
        before = first.setdefault((row.regime, row.target, row.kind, row.sources), index)
        if before == index:
            continue
        repeated.append((index, before))
        if repr(row) != repr(found[before]) and not drop:  # by text: nan is as much as nan
            raise BadInput(
                f"{path}: rows {before} and {index} (target {row.target!r}, sources "
                f"{list(row.sources)}, {row.kind}) say different things of one candidate; expected "
                "one row (--drop-suspect takes the first)"
            )
    again = {index for index, _ in repeated}
    kept = [row for index, row in enumerate(found) if index not in again]
    notes = []
    if repeated:
        told = [
            f"{index} repeats {before} (target {found[index].target!r}, sources "
            f"{list(found[index].sources)}, {found[index].kind})"
            for index, before in repeated[:_NAMED]
        ]
        more = f", and {len(repeated) - _NAMED} more" if len(repeated) > _NAMED else ""
        notes.append(f"suspect rows: {', '.join(told)}{more} (left out)")
    best: dict[tuple[str, str], float] = defaultdict(float)
    for row in kept:
        if row.kind == "transfer":
            best[row.regime, row.target] = max(best[row.regime, row.target], row.affinity)
    zero = [key for key, value in best.items() if value == 0]
    done = "left out" if drop else "kept; --drop-suspect leaves it out"
    notes += [
        f"suspect target {target!r} (regime {regime!r}): every transfer into it has affinity 0 "
        f"({done})"
        for regime, target in zero
    ]
    return [row for row in kept if not (drop and (row.regime, row.target) in zero)], notes
