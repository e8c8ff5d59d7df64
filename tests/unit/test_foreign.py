"""Code of the user's own: whatever it raises or returns amiss is one line that names it."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from taskonomy.errors import BadInput
from taskonomy.foreign import Foreign
from taskonomy.studies import encoders
from taskonomy.targets.declared import read
from taskonomy.training.declarations import keep
from taskonomy.training.encoders import encode
from taskonomy.training.session import Session
from taskonomy.training.workspace import Workspace

RAISED = {
    "raise RuntimeError('weights not downloaded: no network')": "RuntimeError: weights not downl",
    "raise ValueError": "ValueError; expected",
    "raise SystemExit": "SystemExit; expected",
    "exit()": "SystemExit",
    "raise SystemExit(3)": "SystemExit: 3; expected",
    "raise KeyboardInterrupt": "KeyboardInterrupt; expected",
    "raise GeneratorExit": "GeneratorExit; expected",
    "raise StopIteration": "StopIteration; expected",
    "raise BaseException('stop')": "BaseException: stop; expected",
    "assert False": "AssertionError; expected",
    "raise KeyError('width')": "KeyError: 'width'; expected",
    "raise RuntimeError('\\x1b[31mred\\x1b[0m\\nsecond line')": "RuntimeError: red; expected",
    "import absent_module": "ModuleNotFoundError: No module named 'absent_module'; expected",
    "def f(:": "SyntaxError: invalid syntax",
    "1 / 0": "ZeroDivisionError: division by zero; expected",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder, whose modules are not found again once another test is run."""
    monkeypatch.chdir(tmp_path)
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def line(raised: pytest.ExceptionInfo[BadInput]) -> str:
    text = str(raised.value)
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text
    assert "expected" in text
    return text


@pytest.mark.parametrize("code", RAISED)
def test_a_module_that_raises_is_one_line(here: Path, code: str) -> None:
    name = f"mine_{abs(hash(code))}"
    (here / f"{name}.py").write_text(f"{code}\n")
    with pytest.raises(BadInput) as raised:
        encoders.load(f"{name}:Conv", None, "")
    assert line(raised).startswith(f"--encoder {name}:Conv: {RAISED[code]}")


@pytest.mark.parametrize("code", RAISED)
def test_a_declaration_that_raises_is_one_line(tmp_path: Path, code: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"{code}\n")
    with pytest.raises(BadInput) as raised:
        read(str(file))
    assert line(raised).startswith(f"{file}: {RAISED[code]}")


def test_an_interrupt_from_the_keyboard_stays_one() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Foreign("mine.py", "it to run"):
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


MODULE = """
import torch
from torch import nn
class Conv(nn.Module):
    def __init__(self):
        super().__init__(); self.conv = nn.Conv2d(3, 4, 3, 2, 1)
    def forward(self, x): return self.conv(x)
class NeedsArgument(Conv):
    def __init__(self, width): super().__init__()
class Breaks(Conv):
    def __init__(self): super().__init__(); raise RuntimeError
class Leaves(Conv):
    def __init__(self): exit()
READY = Conv()
NUMBER = 3
def nothing(): pass
class WrongForward(Conv):
    def forward(self, x): return torch.nn.functional.linear(x, torch.zeros(5, 7))
class ForwardNeedsMore(Conv):
    def forward(self, x, mask): return x
class ForwardLeaves(Conv):
    def forward(self, x): raise SystemExit
class Flat(Conv):
    def forward(self, x): return x.mean((2, 3))
class Tuple(Conv):
    def forward(self, x): return x, x
class Dict(Conv):
    def forward(self, x): return {"features": x}
class Nothing(Conv):
    def forward(self, x): return None
class Array(Conv):
    def forward(self, x): return x.numpy()
class Empty(Conv):
    def forward(self, x): return x[:, :0]
class Complex(Conv):
    def forward(self, x): return x + 1j
class Infinite(Conv):
    def forward(self, x): return x / 0
class FirstOnly(Conv):
    def forward(self, x): return x[:1]
class NoTraining(Conv):
    def eval(self): raise NotImplementedError
"""

UNUSABLE = {
    "NeedsArgument": "TypeError: NeedsArgument.__init__() missing 1 required positional argument",
    "Breaks": "RuntimeError; expected a class or function that makes a torch module without arg",
    "Leaves": "SystemExit: None; expected a class or function",
    "NUMBER": "found a int; expected a torch module, or a class or function that makes one",
    "nothing": "made a NoneType; expected a torch module",
    "Absent": "AttributeError: module 'mine' has no attribute 'Absent'; expected an importable",
    "NoTraining": "NotImplementedError; expected a torch module that can be put into evaluation",
}

AMISS = {
    "WrongForward": "failed on images (64, 3, 32, 32): RuntimeError: ",
    "ForwardNeedsMore": "failed on images (64, 3, 32, 32): TypeError: ",
    "ForwardLeaves": "failed on images (64, 3, 32, 32): SystemExit; expected maps of them",
    "Flat": "returned (64, 3) for images (64, 3, 32, 32); expected maps (64, channels, height, wi",
    "Tuple": "returned a tuple for images",
    "Dict": "returned a dict for images",
    "Nothing": "returned a NoneType for images",
    "Array": "returned a ndarray for images",
    "Empty": "returned maps (64, 0, 32, 32) of torch.float32; expected real numbers",
    "Complex": "returned maps (64, 3, 32, 32) of torch.complex64; expected real numbers",
    "Infinite": "returned numbers that are not finite; expected finite maps",
    "FirstOnly": "returned (1, 3, 32, 32) for images",
}


@pytest.fixture
def mine(here: Path) -> Path:
    (here / "mine.py").write_text(MODULE)
    return here


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize("name", UNUSABLE)
def test_what_makes_no_encoder_is_one_line(name: str) -> None:
    with pytest.raises(BadInput) as raised:
        encoders.load(f"mine:{name}", None, "")
    assert line(raised).startswith(f"--encoder mine:{name}: {UNUSABLE[name]}")


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize("name", AMISS)
def test_an_encoder_that_fails_or_returns_no_maps_is_one_line(
    workspace: Workspace, name: str
) -> None:
    module = encoders.load(f"mine:{name}", None, "")
    session = Session(workspace)
    with pytest.raises(BadInput) as raised:
        encode(session, module, np.arange(70), f"--encoder mine:{name}")
    assert line(raised).startswith(f"--encoder mine:{name}: {AMISS[name]}")


def test_an_encoder_whose_channels_change_is_named(workspace: Workspace) -> None:
    class Changing(nn.Module):
        """As many channels as images."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(1, keepdim=True).expand(-1, len(x), -1, -1)

    with pytest.raises(BadInput) as raised:
        encode(Session(workspace), Changing(), np.arange(70), "--encoder mine")
    assert line(raised) == (
        "--encoder mine: returned 6 channels and 64 before; expected as many for all images"
    )


@pytest.mark.usefixtures("mine")
def test_modules_and_what_makes_them_are_encoders(workspace: Workspace) -> None:
    for name in ("Conv", "READY"):
        module = encoders.load(f"mine:{name}", None, "")
        codes = encode(Session(workspace), module, np.arange(3), name)
        assert codes.shape == (3, 4, 8, 8)


DECLARED = """
import numpy as np
import torch
from taskonomy.dictionary import Task
from taskonomy.targets import KINDS as OURS
TASK = Task(name="mine", title="Mine", group="3D", kind="{kind}", target="t", channels={channels},
            loss="{loss}", head="{head}", inputs="{inputs}", items="{items}")
def label({arguments}):
    {body}
{more}
"""


def declared(folder: Path, **parts: object) -> Path:
    usual = {
        **{"kind": "map", "channels": 1, "loss": "l1", "head": "image", "inputs": "image"},
        **{"items": "view", "arguments": "dataset, view", "body": "return 0", "more": ""},
    }
    file = folder / "mine.py"
    file.write_text(DECLARED.format(**{**usual, **parts}))
    return file


FIELDS = {
    "label without arguments": ({"arguments": ""}, "label(): too many positional arguments; exp"),
    "label of three": ({"arguments": "a, b, c"}, "label(a, b, c): missing a required argument"),
    "an unknown task": (
        {"more": "from taskonomy.dictionary import DICTIONARY\nDICTIONARY['normals']"},
        "unknown task 'normals'",
    ),
    "tasks that are a number": ({"more": "TASKS = 3"}, "TASKS: TypeError: "),
    "tasks that raise": ({"more": "TASKS = (1 / 0 for _ in 'ab')"}, "TASKS: ZeroDivisionError"),
    "kinds that are classes": ({"more": "KINDS = {'map': dict}"}, "KINDS is wrong; expected a d"),
}


@pytest.mark.parametrize("kind", FIELDS)
def test_a_declaration_that_is_wrong_is_one_line(tmp_path: Path, kind: str) -> None:
    parts, says = FIELDS[kind]
    file = declared(tmp_path, **parts)
    with pytest.raises(BadInput) as raised:
        read(str(file))
    assert str(raised.value).startswith(f"{file}: {says}")
    assert len(str(raised.value).splitlines()) == 1


LABELS = {
    "raises nothing to say": ("raise ValueError", "its label function failed on "),
    "leaves": ("raise SystemExit", "its label function failed on "),
    "returns nothing": ("return None", "label of "),
    "returns a number": ("return 0.5", "label of "),
    "returns text": ("return 'far'", "its label function failed on "),
    "returns rows of several lengths": ("return [[1], [1, 2]]", "its label function failed on "),
    "returns a flat array": ("return np.zeros(7)", "label of "),
    "returns too many channels": ("return np.zeros((8, 8, 5))", "label of "),
    "returns an empty map": ("return np.zeros((0, 0, 1))", "label of "),
    "returns a tensor that is trained": (
        "return torch.zeros(8, 8, requires_grad=True)",
        "its label function failed on ",
    ),
}
KINDS = {
    "map": {},
    "pixel_classes": {"kind": "pixel_classes", "loss": "pixel_cross_entropy", "channels": 4},
    "segments": {"kind": "segments", "loss": "metric", "channels": 4},
    "classes": {"kind": "classes", "loss": "cross_entropy", "head": "vector", "channels": 4},
    "numbers": {"kind": "numbers", "loss": "l2", "head": "vector", "channels": 3},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mistake", LABELS)
def test_a_label_that_is_none_is_one_line(
    tmp_path: Path, workspace: Workspace, kind: str, mistake: str
) -> None:
    body, says = LABELS[mistake]
    said = tried(declared(tmp_path, body=body, **KINDS[kind]), workspace)
    assert said.startswith("mine: ")
    assert says in said


def tried(file: Path, workspace: Workspace) -> str:
    """What is said of the first label of a declared task."""
    found = read(str(file))
    keep(workspace.store, found)
    known = workspace.dictionary.joined(found.tasks)
    session = Session(replace(workspace, dictionary=known))
    with pytest.raises(BadInput) as raised:
        session.try_label(known["mine"])
    return line(raised)


OWN_KIND = """
class Mine(OURS["map"]):
    sample = 4
    def {name}(self, *arguments):
        {body}
KINDS = {{"mine": Mine}}
"""
OF_A_KIND = {
    "encode raises": ("encode", "raise ValueError", "mine: label of "),
    "encode returns nothing": ("encode", "return None", "mine: "),
    "guess raises": (
        "guess",
        "raise ValueError",
        "mine: guess of the kind 'mine': ValueError; exp",
    ),
    "fit raises": (
        "fit",
        "raise ValueError",
        "mine: fit of the kind 'mine': ValueError; expected ",
    ),
    "batch raises": ("batch", "raise ValueError", "mine: batch of the kind 'mine': ValueError; "),
    "batch returns a tensor": (
        "batch",
        "return torch.zeros(1)",
        "mine: batch of the kind 'mine': returned a Tensor; expected two tensors",
    ),
    "batch returns other rows": (
        "batch",
        "return torch.zeros(9, 1, 8, 8), torch.zeros(9, 1, 8, 8)",
        "mine: batch of the kind 'mine': returned (9, 1, 8, 8); expected two tensors, targets and",
    ),
    "it cannot be made": ("__init__", "raise SystemExit", "mine: its kind of target 'mine': Syst"),
}


@pytest.mark.parametrize("mistake", OF_A_KIND)
def test_a_kind_of_the_user_s_own_that_fails_is_one_line(
    tmp_path: Path, workspace: Workspace, mistake: str
) -> None:
    name, body, says = OF_A_KIND[mistake]
    more = OWN_KIND.format(name=name, body=body)
    body = "return np.zeros((8, 8, 1))"
    assert tried(declared(tmp_path, kind="mine", body=body, more=more), workspace).startswith(says)


def test_an_encoder_of_double_precision_is_named(workspace: Workspace) -> None:
    module = nn.Conv2d(3, 4, 3).to(torch.float64)
    with pytest.raises(BadInput, match=r"failed on images .*: RuntimeError"):
        encode(Session(workspace), module, np.arange(3), "mine")
