"""Files of weights that others have written: tensors by name, or one line that says what they are.

Files are known by their content, whatever they are called. What a checkpoint wraps its tensors in
is taken off: `{"state_dict": ...}` around them, and the prefix that `nn.DataParallel` or
`torch.compile` puts before every name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load
from torch import Tensor, nn

from taskonomy.errors import BadInput
from taskonomy.foreign import Foreign, described

_WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "net", "encoder", "weights")
"""The names under which checkpoints keep a network's tensors, the usual first."""
_PREFIXES = ("module.", "_orig_mod.")
_NAMED = 2
"""How many names of a kind a line tells; of the others the number."""
_EXPECTED = "safetensors, or a torch file of tensors alone"


def read(file: Path, option: str) -> dict[str, Tensor]:
    """Read a file of weights: safetensors, or a torch file, of which nothing is executed.

    Args:
        file: the file, under any name.
        option: which option named it; it begins the line of an error.

    Returns:
        The tensors by name, on the processor.

    Raises:
        BadInput: it is no such file, or holds no tensors by name.
    """
    where = f"{option} {file}"
    content = _content(file, where)
    found = _not_weights(content)
    if found:
        raise BadInput(f"{where}: found {found}, expected {_EXPECTED}")
    try:
        loaded = load(content) if _is_safetensors(content) else _torch(file)
    except Exception as error:  # whatever torch makes of bytes that are none of its own
        raise BadInput(f"{where}: found {_why(error)}, expected {_EXPECTED}") from error
    return plain_names(_tensors(loaded, where))


def plain_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors without the prefixes that all of their names have from a wrapped network."""
    found = dict(tensors)
    while found and (prefix := _common(found)):
        found = {name.removeprefix(prefix): tensor for name, tensor in found.items()}
    return found


def fill(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Give a module its weights.

    Args:
        module: the module.
        tensors: its weights and buffers by name; with or without the prefixes of `plain_names`.
        where: begins the line of an error.

    Raises:
        BadInput: they are another module's: the line says which names or shapes differ.
    """
    expected = f"the weights of {type(module).__name__}"
    with Foreign(where, expected):
        own = module.state_dict()
        if not own.keys() & tensors.keys():
            # A module that is wrapped itself, whose file is not or has lost its prefix in reading.
            prefix = _common(own)
            tensors = {f"{prefix}{name}": tensor for name, tensor in tensors.items()}
        shapes = [
            f"{name} {_shape(tensor)} in place of {_shape(own[name])}"
            for name, tensor in tensors.items()
            if name in own and tensor.shape != own[name].shape
        ]
        if shapes:
            raise BadInput(f"{where}: found {_some(shapes)}; expected {expected}")
        missing, unexpected = module.load_state_dict(dict(tensors), strict=False)
    differ = []
    if missing:
        differ.append(f"no {_some(missing)}")
    if unexpected:
        differ.append(f"{_some(unexpected)} besides" if missing else f"also {_some(unexpected)}")
    if differ:
        raise BadInput(f"{where}: found {', and '.join(differ)}; expected {expected}")


def _content(file: Path, where: str) -> bytes:
    if not file.is_file():
        found = "a folder" if file.is_dir() else "no such file"
        raise BadInput(f"{where}: found {found}, expected {_EXPECTED}")
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{where}: cannot be read ({error.strerror})") from error


def _not_weights(content: bytes) -> str:
    """What a file is that a failed download or another tool left; empty for what may be weights."""
    head = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = head[:512].lower()
    if not head:
        return "an empty file"
    if lower.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a page of HTML or XML, as a failed download leaves it"
    if head.startswith((b"version https://git-lfs", b"/annex/objects/")):
        return "a pointer of Git LFS or git-annex, whose content was not fetched"
    if head.startswith(b"\x89HDF"):
        return "an HDF5 file"
    if _is_text(content[:4096]):
        first = head.splitlines()[0][:60].decode("utf-8", "replace")
        return f"text ({' '.join(first.split())!r})"
    return ""


def _is_text(head: bytes) -> bool:
    """Whether bytes read as words; the first of a pickle or of safetensors never do."""
    try:
        words = head.decode("utf-8", "strict" if len(head) < 4096 else "ignore")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\t\r\n\f" for c in words)


def _is_safetensors(content: bytes) -> bool:
    """Safetensors begin with the length of their JSON, in eight bytes."""
    return content[8:9] == b"{" and int.from_bytes(content[:8], "little") < max(len(content), 1024)


def _torch(file: Path) -> Any:
    return torch.load(file, map_location="cpu", weights_only=True)


def _why(error: Exception) -> str:
    """Why a file could not be read; torch's own words are several lines and advise to trust it."""
    said = str(error)
    if "Unsupported global" in said or "Unsupported class" in said:
        name = said.partition("GLOBAL ")[2].split(maxsplit=1)[:1] or ["its own"]
        return f"an object of the class {name[0]}, not tensors alone"
    if "TorchScript" in said:
        return "a TorchScript archive"
    if "Weights only" in said or "weights_only" in said:
        return "no tensors alone"
    return f"a file that cannot be read ({described(error)})"


def _tensors(loaded: object, where: str) -> dict[str, Tensor]:
    """The tensors by name that a checkpoint holds, at any depth of its wrappers."""
    if not isinstance(loaded, Mapping):
        found = f"a {type(loaded).__name__}"
        raise BadInput(f"{where}: found {found}, expected a state dict, tensors by name")
    if not loaded:
        raise BadInput(f"{where}: found no tensors, expected a state dict, tensors by name")
    if all(isinstance(value, Tensor) for value in loaded.values()):
        return {str(name): value for name, value in loaded.items()}
    wrapped = [name for name in _WRAPPERS if isinstance(loaded.get(name), Mapping)]
    inner = [name for name, value in loaded.items() if isinstance(value, Mapping)]
    if wrapped or len(inner) == 1:
        return _tensors(loaded[wrapped[0] if wrapped else inner[0]], where)
    other = next(name for name, value in loaded.items() if not isinstance(value, Tensor))
    raise BadInput(
        f"{where}: found a {type(loaded[other]).__name__} at {str(other)[:60]!r}, expected a "
        "tensor by every name"
    )


def _common(tensors: Mapping[str, object]) -> str:
    """The first prefix of a wrapped network that all names have; empty for none."""
    return next((p for p in _PREFIXES if all(name.startswith(p) for name in tensors)), "")


def _shape(tensor: Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))})"


def _some(words: Sequence[str]) -> str:
    """The first of some words, and how many more there are."""
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return f"{', '.join(word[:80] for word in words[:_NAMED])}{more}"
