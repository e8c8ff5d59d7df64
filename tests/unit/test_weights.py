"""Files of weights are known by content; what is none, or another module's, is one line."""

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from taskonomy.captures.teacher import Teacher
from taskonomy.errors import BadInput
from taskonomy.networks.weights import fill, read
from taskonomy.training.encoders import content
from tests.unit.teachers import untrained


class Small(nn.Module):
    """A convolution and a batch norm, which counts batches."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)


class Own:
    """A class of the user's, as a whole pickled module holds it."""


State = dict[str, torch.Tensor]


def saved(value: Any) -> Callable[[Path], object]:
    return lambda file: torch.save(value, file)


def written(content: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(content)


def archive(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as inside:
        inside.writestr("readme.txt", "no weights")


def cut(file: Path) -> None:
    torch.save({"conv.weight": torch.zeros(64, 64)}, file)
    file.write_bytes(file.read_bytes()[:-2000])


def cut_safetensors(file: Path) -> None:
    save_file({"conv.weight": torch.zeros(64, 64)}, file)
    file.write_bytes(file.read_bytes()[:-2000])


def script(file: Path) -> None:
    torch.jit.trace(nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8)).save(str(file))


NO_WEIGHTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda _: None, "found no such file, expected safetensors"),
    "a folder": (lambda file: file.mkdir(), "found a folder, expected"),
    "an empty file": (written(b""), "found an empty file, expected"),
    "blanks": (written(b" \n\n"), "found an empty file, expected"),
    "a page": (
        written(b"\n<!DOCTYPE html>\n<html><title>404</title></html>"),
        "found a page of HTML or XML, as a failed download leaves it, expected",
    ),
    "an error of a store": (
        written(b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'),
        "found a page of HTML",
    ),
    "an error in JSON": (written(b'{"message": "Not Found"}'), 'found text (\'{"message"'),
    "words": (written(b"not weights"), "found text ('not weights')"),
    "a pointer": (
        written(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n"),
        "found a pointer of Git LFS or git-annex",
    ),
    "noise": (written(bytes(range(128, 256)) * 9), "found "),
    "an archive": (archive, "found a file that cannot be read ("),
    "a cut file": (cut, "found a file that cannot be read ("),
    "a cut file of safetensors": (cut_safetensors, "found a file that cannot be read ("),
    "a whole module": (saved(Small()), "found an object of the class "),
    "an object": (saved({"a": Own()}), "found an object of the class tests.unit.test_weights.Own"),
    "a plain pickle": (written(pickle.dumps({"a": Own()})), "found "),
    "a tensor": (saved(torch.zeros(3)), "found a Tensor, expected a state dict"),
    "a list": (saved([torch.zeros(3)]), "found a list, expected a state dict"),
    "no tensors": (saved({"state_dict": {}}), "found no tensors, expected a state dict"),
    "numbers": (saved({"epoch": 3, "loss": 0.5}), "found a int at 'epoch', expected a tensor"),
    "half of them": (saved({"a": torch.zeros(1), "b": 2}), "found a int at 'b', expected a tensor"),
}


@pytest.mark.filterwarnings("ignore")  # torch's own, of TorchScript and of its archives
@pytest.mark.parametrize("kind", NO_WEIGHTS)
def test_a_file_that_holds_no_weights_is_one_line(tmp_path: Path, kind: str) -> None:
    make, says = NO_WEIGHTS[kind]
    file = tmp_path / "weights.pth"
    make(file)
    with pytest.raises(BadInput) as raised:
        read(file, "--weights")
    line = str(raised.value)
    assert line.startswith(f"--weights {file}: ")
    assert says in line
    assert len(line.splitlines()) == 1
    assert "weights_only" not in line
    assert "\x1b" not in line


@pytest.mark.filterwarnings("ignore")
def test_a_torchscript_archive_is_none(tmp_path: Path) -> None:
    script(tmp_path / "weights.pt")
    with pytest.raises(BadInput, match=r"weights.pt: found a TorchScript archive, expected safet"):
        read(tmp_path / "weights.pt", "--weights")


def wrapped(state: State, prefix: str = "") -> State:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


CHECKPOINTS: dict[str, Callable[[State], dict[str, Any]]] = {
    "plain": lambda state: state,
    "with epoch and optimizer": lambda state: {
        "epoch": 3,
        "optimizer": {"param_groups": [], "state": {}},
        "state_dict": state,
    },
    "in DataParallel": lambda state: wrapped(state, "module."),
    "compiled": lambda state: wrapped(state, "_orig_mod."),
    "both": lambda state: {"model": wrapped(state, "module._orig_mod.")},
    "under another name": lambda state: {"ema": state, "step": 9},
    "twice": lambda state: {"state_dict": {"model": state}},
}


@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_wrappers_and_prefixes_are_taken_off(tmp_path: Path, kind: str) -> None:
    whole, module = Small(), Small()
    torch.save(CHECKPOINTS[kind](whole.state_dict()), tmp_path / "weights.bin")
    fill(module, read(tmp_path / "weights.bin", "--weights"), "--weights")
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], tensor)


def test_safetensors_are_known_by_content(tmp_path: Path) -> None:
    whole, module = Small(), nn.DataParallel(Small())
    save_file(wrapped(whole.state_dict(), "module."), tmp_path / "weights.pth")
    fill(module, read(tmp_path / "weights.pth", "--weights"), "--weights")
    torch.testing.assert_close(module.module.conv.weight, whole.conv.weight)


def test_what_differs_is_named_briefly() -> None:
    state = Small().state_dict()
    wide = state | {"conv.weight": torch.zeros(8, 3, 3, 3)}
    with pytest.raises(BadInput, match=r"^W: found conv.weight \(8, 3, 3, 3\) in place of \(4, 3,"):
        fill(Small(), wide, "W")
    less = {name: tensor for name, tensor in state.items() if "conv" not in name}
    with pytest.raises(BadInput, match=r"^W: found no conv.weight, conv.bias; expected the weigh"):
        fill(Small(), less, "W")
    more = state | {f"fc.{i}": torch.zeros(1) for i in range(9)}
    with pytest.raises(BadInput, match=r"^W: found also fc.0, fc.1 and 7 more; expected the weig"):
        fill(Small(), more, "W")
    other = {"features.0.weight": torch.zeros(1)}
    with pytest.raises(BadInput) as raised:
        fill(Small(), other, "W")
    assert str(raised.value) == (
        "W: found no conv.weight, conv.bias and 4 more, and features.0.weight besides; expected "
        "the weights of Small"
    )


def test_a_teacher_s_checkpoint_is_unwrapped_too(tmp_path: Path) -> None:
    state = torch.load(untrained(tmp_path / "plain.pth"), weights_only=True)
    torch.save({"state_dict": wrapped(state, "module."), "epoch": 1}, tmp_path / "wrapped.pth")
    assert Teacher(tmp_path / "wrapped.pth").name == Teacher(tmp_path / "plain.pth").name


def test_an_encoder_s_name_follows_its_weights_whatever_their_type() -> None:
    half = nn.Conv2d(3, 4, 3).to(torch.bfloat16)
    before = content(half)
    assert before == content(half)
    with torch.no_grad():
        half.bias += 1
    assert before != content(half)
    assert json.dumps(before)
