"""One clean line of any exception."""

import io
import pickle

import numpy as np
import pytest
import torch

from taskonomy.errors import one_line


class _Hostile(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError(), "ValueError"),
        (RuntimeError(""), "RuntimeError"),
        (AssertionError(" \n\t\n"), "AssertionError"),
        (_Hostile("x"), "_Hostile"),
        (KeyError("normal"), "KeyError: 'normal'"),
        (ValueError("first\nsecond"), "first"),
        (ValueError("\n\n  a   reason\nmore"), "a reason"),
        (
            ValueError("\x1b[1mbold\x1b[0m and \x1b]8;;http://x\x07linked\x1b]8;;\x07"),
            "bold and linked",
        ),
        (ValueError("bell\x07 and\rreturn"), "bell and"),
        (ValueError("x" * 1000), "x" * 297 + "..."),
    ],
)
def test_every_exception_gives_one_clean_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


def _of_torch() -> Exception:
    sink = io.BytesIO()
    torch.save({"weights": _Hostile}, sink)
    sink.seek(0)
    with pytest.raises(pickle.UnpicklingError) as raised:
        torch.load(sink, weights_only=True)
    return raised.value


def _of_numpy(content: bytes) -> Exception:
    with pytest.raises((ValueError, pickle.UnpicklingError)) as raised:
        np.load(io.BytesIO(content), allow_pickle=False)
    return raised.value


def _objects() -> bytes:
    sink = io.BytesIO()
    np.save(sink, np.array([{}], dtype=object), allow_pickle=True)
    return sink.getvalue()


def test_no_line_repeats_a_librarys_advice_to_load_unsafely() -> None:
    assert one_line(_of_torch()) == "Weights only load failed."
    assert one_line(_of_numpy(_objects())) == "Object arrays cannot be loaded"
    assert "pickle" not in one_line(_of_numpy(b"no numbers here")).replace("pickled", "")
    assert one_line(ValueError("Set trust_remote_code=True to go on")) == "ValueError"
