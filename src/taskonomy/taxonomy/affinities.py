"""Affinities as files hold them: a run's affinity.parquet, or a released `.pkl`."""

from collections.abc import Sequence
from pathlib import Path

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.errors import BadInput
from taskonomy.taxonomy import released


def read(
    path: Path,
    *,
    regime: str | None = None,
    wins_vs_scratch: Path | None = None,
    wins_vs_supervised: Path | None = None,
    drop_suspect: bool = False,
) -> tuple[list[Candidate], list[str]]:
    """Return a file's candidates, and what is odd about it, a line each.

    Args:
        path: an affinity.parquet or a released file of affinities.
        regime: which regime of an affinity.parquet that holds several; None takes all.
        wins_vs_scratch: released win rates that are gains.
        wins_vs_supervised: released win rates that are qualities.
        drop_suspect: whether suspect released entries are left out.

    Raises:
        BadInput: the file cannot be used, or an argument does not fit it.
    """
    if path.suffix == ".pkl":
        if regime is not None:
            raise BadInput(f"--regime: found {regime!r}, but a released file has one regime")
        return _released((path, wins_vs_scratch, wins_vs_supervised), drop=drop_suspect)
    from taskonomy.affinity import table  # pyarrow, which released files do not need

    wins = {"--wins-vs-scratch": wins_vs_scratch, "--wins-vs-supervised": wins_vs_supervised}
    for option in (name for name, given in wins.items() if given is not None):
        raise BadInput(f"{option}: {path} has its own win rates, expected a .pkl")
    candidates = table.read(path)
    if not candidates:
        raise BadInput(f"{path}: found no row, expected one a candidate")
    if regime is None:
        return candidates, []
    regimes = sorted({c.regime for c in candidates})
    if regime not in regimes:
        raise BadInput(f"--regime: found {regime!r}, expected one of {', '.join(regimes)}")
    return [c for c in candidates if c.regime == regime], []


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


def dictionary(path: Path) -> Dictionary:
    """The tasks that a file speaks of: the 26, and those that a run's own files have declared."""
    if path.suffix == ".pkl":
        return DICTIONARY
    from taskonomy.affinity import table

    return table.dictionary(path)
