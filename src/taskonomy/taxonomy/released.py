"""Readers of the paper's released result files: Python 2 pickles of `{'s1__..__sk__t': number}`.

A pickle is a program. The reader here knows three words of it, enough for dictionaries of numpy
scalars, each replaced by code of ours; anything else is refused before it runs.
"""

import io
import pickle
import struct
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum, isfinite, nan
from pathlib import Path
from typing import Any

from taskonomy.affinity.candidate import Candidate, Kind
from taskonomy.errors import BadInput, one_line

REGIME = "released"
"""The regime that released candidates carry: the files do not name theirs."""

_SELF = "self"
_SCRATCH = "pixels"
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Suspect:
    """An entry of a released file that looks corrupt, and why."""

    key: str
    reason: str


def read(path: Path) -> dict[str, float]:
    """Read one released file.

    Raises:
        BadInput: it is absent, no such pickle, or holds anything but numbers under string keys; a
            class or function that the file asks for is never imported, let alone called.
    """
    try:
        found = _Numbers(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; expected a released result file") from error
    except Exception as error:  # Whatever malformed bytes make the unpickler raise.
        raise BadInput(f"{path}: not a pickle of numbers ({one_line(error)})") from error
    if not isinstance(found, dict) or not found:
        raise BadInput(f"{path}: found {type(found).__name__}, expected a dictionary of numbers")
    for key, value in found.items():
        if not isinstance(key, str) or len(_names(key)) < 2 or not all(_names(key)):
            raise BadInput(f"{path}: key {key!r}, expected s1__..__sk__t")
        if not isinstance(value, float | int) or not isfinite(value) or not 0 <= value <= 1:
            raise BadInput(f"{path}: {key} is {value!r}, expected a number in [0, 1]")
    return {key: float(value) for key, value in found.items()}


def candidates(
    affinities: Mapping[str, float],
    wins_vs_scratch: Mapping[str, float] | None = None,
    wins_vs_supervised: Mapping[str, float] | None = None,
) -> list[Candidate]:
    """Return the candidates of a released affinity file, under the file's own names.

    `self__t` is the full-supervision edge (its quality is 1/2 where the file does not say) and
    `t__t` the own readout. Keys of the win-rate files that have no affinity are not candidates.
    """
    gains, qualities = wins_vs_scratch or {}, wins_vs_supervised or {}
    rows = []
    for key, affinity in affinities.items():
        *sources, target = _names(key)
        if _SCRATCH in sources:
            continue
        kind: Kind = "own_readout" if target in sources else "transfer"
        if sources == [_SELF]:
            sources, kind = [target], "supervised"
        even = 0.5 if kind == "supervised" and qualities else nan
        rows.append(
            Candidate(
                regime=REGIME,
                target=target,
                sources=tuple(sorted(sources)),
                kind=kind,
                affinity=affinity,
                win_vs_scratch=gains.get(key, nan),
                win_vs_supervised=qualities.get(key, even),
            )
        )
    return rows


def suspects(
    affinities: Mapping[str, float],
    wins_vs_scratch: Mapping[str, float] | None = None,
    wins_vs_supervised: Mapping[str, float] | None = None,
) -> list[Suspect]:
    """Name the entries that look corrupt, in the order of the file.

    Gain or quality exactly 1; a key that repeats an earlier one with its sources permuted; every
    key of a target whose affinities do not sum to 1 (within 1e-6).
    """
    sums: dict[str, list[float]] = defaultdict(list)
    for key, affinity in affinities.items():
        sums[_names(key)[-1]].append(affinity)
    off = {t: total for t, p in sums.items() if abs((total := fsum(p)) - 1) > _SUM_TOLERANCE}
    found = []
    first: dict[tuple[str, ...], str] = {}
    for key in affinities:
        *sources, target = _names(key)
        earlier = first.setdefault((target, *sorted(sources)), key)
        if earlier != key:
            found.append(Suspect(key, f"the same sources as {earlier}, permuted"))
        elif (wins_vs_scratch or {}).get(key) == 1.0:
            found.append(Suspect(key, "gain is exactly 1"))
        elif (wins_vs_supervised or {}).get(key) == 1.0:
            found.append(Suspect(key, "quality is exactly 1"))
        elif target in off:
            found.append(Suspect(key, f"affinities of {target} sum to {off[target]:.6f}, not to 1"))
    return found


def missing(
    affinities: Mapping[str, float],
    wins_vs_scratch: Mapping[str, float] | None = None,
    wins_vs_supervised: Mapping[str, float] | None = None,
) -> list[Suspect]:
    """Name the entries that ought to be there and are not, sorted by key.

    A target's full supervision; the affinity of what has a win rate (the scratch baseline needs
    none). What has an affinity and no win rate is a candidate whose win rate is unknown.
    """
    found = {
        f"{_SELF}__{target}": f"no full supervision of {target}"
        for target in {_names(key)[-1] for key in affinities}
    }
    for wins, name in ((wins_vs_scratch, "gain"), (wins_vs_supervised, "quality")):
        found |= {
            key: f"a {name}, but no affinity" for key in wins or {} if _SCRATCH not in _names(key)
        }
    return [Suspect(key, found[key]) for key in sorted(found.keys() - affinities.keys())]


def _names(key: str) -> list[str]:
    return key.split("__")


class _Inert:
    """A stand-in that a pickle may call but not alter."""

    def __setstate__(self, state: Any) -> None:
        raise BadInput("a pickle that changes what it calls, expected plain numbers")


class _Dtype(_Inert):
    """In the place of numpy's dtype: remembers kind, size and byte order."""

    def __init__(self, code: str, *_: object) -> None:
        if code not in ("f8", "f4", "f2"):
            raise BadInput(f"numpy scalar of type {code!r}, expected f8, f4 or f2")
        self.format = {"f8": "d", "f4": "f", "f2": "e"}[code]
        self.order = "<"

    def __setstate__(self, state: Any) -> None:
        if state[1] not in ("<", ">"):
            raise BadInput(f"numpy scalar of byte order {state[1]!r}, expected < or >")
        self.order = state[1]


class _Scalar(_Inert):
    """In the place of numpy's scalar constructor: a float from its bytes."""

    def __new__(cls, dtype: _Dtype, raw: bytes | str) -> Any:
        data = raw.encode("latin1") if isinstance(raw, str) else raw
        (value,) = struct.unpack(dtype.order + dtype.format, data)
        return value


class _Bytes(_Inert):
    """In the place of `_codecs.encode`, as which Python 3 writes bytes in old protocols."""

    def __new__(cls, text: str, *_: object) -> Any:
        return text.encode("latin1")


_KNOWN: dict[tuple[str, str], type] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "scalar"): _Scalar,
    ("numpy._core.multiarray", "scalar"): _Scalar,
    ("_codecs", "encode"): _Bytes,
}


class _Numbers(pickle.Unpickler):
    """An unpickler for which nothing exists but `_KNOWN`."""

    def find_class(self, module: str, name: str) -> type:
        if (module, name) not in _KNOWN:
            raise BadInput(f"asks for {module}.{name}: refused, expected numbers only")
        return _KNOWN[module, name]
