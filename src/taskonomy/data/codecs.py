"""How each domain's file holds its physical value: the encodings of the Taskonomy data set.

Encodings (as in the public sample building): depth in 1/512 m with 65535 for missing, normals
127.5-centred with R right, G down and B away from the camera, curvature 127-centred, the 2D maps as
fractions of 65535. `decode` turns whatever cannot be such a file into one line of BadInput.
"""

import io
import json
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import cv2
import numpy as np
from jaxtyping import Float32, Shaped, UInt8, UInt16

from taskonomy.errors import BadInput, one_line

DEPTH_UNITS_PER_METRE = 512
DEPTH_MISSING = 64500
"""16-bit depth from here on (126 m) is missing; 65535 is what writers use."""
CURVATURE_ZERO, CURVATURE_RADIUS = 127, 0.03
"""principal_curvature holds 127 (1 + 0.03 k), k in 1/m: spheres of 3 cm at most, in steps of
0.262/m."""
NORMAL_CENTRE = 127.5
_NORMAL_AXES = np.array([1, -1, -1], np.float32)
"""From x right, y up, z to the camera, to a file's R right, G down, B away from it."""
SEMANTIC_LABELS = 18
"""0 uncertain, 1 background, 2..17 the 16 COCO classes."""

Kind = Literal[
    "rgb", "depth", "normal", "curvature", "unit8", "unit16", "ids", "semantic", "soft", "json"
]


@dataclass(frozen=True)
class Domain:
    """One kind of file.

    Attributes:
        name: the name in use here, the newer data releases' folder name.
        kind: the encoding.
        files: what may stand after `_domain_` in a file name; the first is written.
        folders: folder names accepted for reading; the first is written.
        of_point: whether one file is of all views of a point; its name says `view_all`.
    """

    name: str
    kind: Kind
    files: tuple[str, ...]
    folders: tuple[str, ...]
    of_point: bool = False

    @property
    def suffix(self) -> str:
        """The file's suffix, with its dot."""
        return {"soft": ".npy", "json": ".json"}.get(self.kind, ".png")


def _domain(
    name: str, kind: Kind, *old: str, file: str | None = None, of_point: bool = False
) -> Domain:
    files = (file, name, *old) if file else (name, *old)
    return Domain(name, kind, files, (name, *old), of_point)


DOMAINS: dict[str, Domain] = {
    domain.name: domain
    for domain in (
        _domain("rgb", "rgb"),
        _domain("depth_zbuffer", "depth", "depth"),
        _domain("depth_euclidean", "depth", "mist"),
        _domain("normal", "normal"),
        _domain("principal_curvature", "curvature", "curvature"),
        _domain("reshading", "unit8", "reshade"),
        _domain("edge_texture", "unit16", "edge2d"),
        _domain("keypoints2d", "unit16", "keypoint2d"),
        _domain("edge_occlusion", "unit16", "edge"),
        _domain("keypoints3d", "unit16", "keypoint"),
        _domain("segment_unsup2d", "ids", "segment2d"),
        _domain("segment_unsup25d", "ids", "segment25d"),
        _domain("segment_semantic", "semantic", "segmentsemantic", file="segmentsemantic"),
        _domain("class_object", "soft", "class_1000"),
        _domain("class_scene", "soft", "class_places"),
        _domain("point_info", "json", "points", "fixatedpose"),
        _domain("nonfixated_matches", "json", of_point=True),
    )
}


def encode(domain: Domain, value: Any) -> bytes:
    """Return the file content of a physical value (the units of `decode`).

    Values outside a file's range are clipped to it; nan becomes the domain's sign for missing.
    """
    if domain.kind == "json":
        return json.dumps(value, allow_nan=False).encode()
    if domain.kind == "soft":
        buffer = io.BytesIO()
        np.save(buffer, np.asarray(value, np.float32), allow_pickle=False)
        return buffer.getvalue()
    levels = _ENCODERS[domain.kind](np.asarray(value))
    if levels.ndim == 3:
        levels = levels[..., ::-1]  # OpenCV's channel order is BGR
    done, file = cv2.imencode(".png", np.ascontiguousarray(levels), _FAST)
    if not done:
        raise ValueError(f"{domain.name}: shape {levels.shape} cannot be a PNG")
    return bytes(file.data)


def decode(domain: Domain, content: bytes, where: str) -> Any:
    """Return the physical value in a file's content.

    `rgb` uint8 (H, W, 3); depths float32 (H, W) metres, nan = missing; `normal` float32 (H, W, 3)
    unit, x right, y up, z to the camera, nan = missing; `principal_curvature` float32 (H, W, 2)
    1/m; `reshading`, `keypoints3d` and the 2D maps float32 (H, W) in [0, 1]; segments and semantics
    uint8 (H, W); class labels float32 (K,) summing to 1; the others a dict.

    Raises:
        BadInput: one line with `where`, what was found and what was expected.
    """
    if domain.kind == "json":
        return _decode_json(content, where)
    if domain.kind == "soft":
        return _decode_soft(content, where)
    bits, channels = _BITS.get(domain.kind, (8,)), _COLOURS.get(domain.kind, (1,))
    if domain.kind == "rgb" and content.startswith(JPEG):
        return _jpeg(content, where)
    return _DECODERS[domain.kind](pixels(content, where, bits, channels), where)


def _decode_json(content: bytes, where: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise BadInput(f"{where}: found {constant}, expected finite numbers only")

    try:
        value = json.loads(content, parse_constant=refuse)
    except ValueError as error:
        raise BadInput(f"{where}: not JSON ({error}), expected one JSON object") from error
    if not isinstance(value, dict):
        raise BadInput(f"{where}: found a JSON {type(value).__name__}, expected an object")
    return value


# NumPy reads a header with `ast`, whose recursion count Python 3.11 shares between threads
# (python/cpython#106905): two labels read at once can fail with a SystemError.
_PARSING = threading.Lock()


def _decode_soft(content: bytes, where: str) -> Float32[np.ndarray, " K"]:
    try:
        with _PARSING:
            value = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BadInput(f"{where}: not a plain .npy array ({one_line(error)})") from error
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu" or value.size < 2:
        raise BadInput(f"{where}: expected a vector of soft labels, found no such array")
    labels = value.reshape(-1).astype(np.float64)
    if value.size != max(value.shape) or not np.isfinite(labels).all():
        found = f"shape {value.shape}, {int((~np.isfinite(labels)).sum())} values not finite"
        raise BadInput(f"{where}: found {found}, expected one vector of finite soft labels")
    total = float(labels.sum())
    if labels.min() < 0 or abs(total - 1) > 0.01:
        found = f"sum {total:.4g}, minimum {labels.min():.4g}"
        raise BadInput(f"{where}: found {found}, expected soft labels >= 0 that sum to 1")
    return (labels / total).astype(np.float32)


# --- PNG ----------------------------------------------------------------------------------------

# Runs alone and one fixed filter: whole compression takes a fifth more time for hardly less size.
_FAST = (
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
)
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
"""What a JPEG begins with: some images of the data set are JPEGs that are named .png."""
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_BITS: dict[str, tuple[int, ...]] = {"depth": (16,), "unit16": (16,), "unit8": (8, 16)}
_COLOURS: dict[str, tuple[int, ...]] = {
    "rgb": (3,),
    "normal": (3,),
    "curvature": (3,),
    "unit8": (1, 3),
}


def pixels(
    content: bytes, where: str, bits: tuple[int, ...], channels: tuple[int, ...]
) -> Shaped[np.ndarray, "..."]:
    """Return a PNG's levels, RGB if it has colour.

    Raises:
        BadInput: it is no whole PNG, or not of one of those bit depths and numbers of channels.
    """
    found_bits, found_channels = _inspect(content, where)
    opaque = found_channels == 4 and 3 in channels
    if found_bits not in bits or not (found_channels in channels or opaque):
        raise BadInput(
            f"{where}: found a {found_bits}-bit PNG of {found_channels} channel(s), expected "
            f"{' or '.join(map(str, bits))}-bit, {' or '.join(map(str, channels))} channel(s)"
        )
    levels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if levels is None:
        raise BadInput(f"{where}: corrupt PNG (its pixels cannot be decoded)")
    if opaque and levels.ndim == 3 and levels.shape[2] == 4:
        if (levels[..., 3] < (1 << found_bits) - 1).any():
            raise BadInput(f"{where}: found transparent pixels, expected an opaque image")
        levels = levels[..., :3]
    return levels[..., ::-1] if levels.ndim == 3 else levels


def _jpeg(content: bytes, where: str) -> UInt8[np.ndarray, "H W 3"]:
    """An image's pixels as they lie in the file, whatever its EXIF says; OpenCV would fill up half
    a file without a word."""
    if not content.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise BadInput(f"{where}: truncated JPEG ({len(content)} bytes, no end mark)")
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if image is None:
        raise BadInput(f"{where}: corrupt JPEG (its pixels cannot be decoded)")
    return np.ascontiguousarray(image[..., ::-1], np.uint8)


def _inspect(content: bytes, where: str) -> tuple[int, int]:
    """Return bit depth and channels, having checked every chunk: OpenCV would decode half a file
    without a word."""
    if content.startswith(JPEG):
        raise BadInput(f"{where}: found a JPEG, which alters what it holds; expected a PNG")
    if not content.startswith(_SIGNATURE):
        found = "an empty file" if not content else f"bytes {content[:4]!r}"
        raise BadInput(f"{where}: corrupt PNG (found {found} instead of a PNG signature)")
    at, header = len(_SIGNATURE), b""
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        end = at + 8 + length
        body = content[at + 4 : end]
        if len(content) < end + 4:
            break
        if zlib.crc32(body) != int.from_bytes(content[end : end + 4], "big"):
            raise BadInput(f"{where}: corrupt PNG (checksum of chunk {body[:4]!r} is wrong)")
        if body[:4] == b"IHDR" and length == 13:
            header = body[4:]
        if body[:4] == b"IEND" and header:
            return (8 if header[9] == 3 else header[8]), _CHANNELS.get(header[9], 0)
        at = end + 4
    raise BadInput(f"{where}: truncated PNG ({len(content)} bytes, no end chunk)")


# --- Encoders and decoders, one pair for a kind ---------------------------------------------------


def _depth_to_file(metres: Float32[np.ndarray, "H W"]) -> UInt16[np.ndarray, "H W"]:
    units = np.rint(metres * DEPTH_UNITS_PER_METRE)
    with np.errstate(invalid="ignore"):
        inside = (units >= 1) & (units < DEPTH_MISSING)
    return np.where(inside, units, 65535).astype(np.uint16)


def _depth_from_file(units: UInt16[np.ndarray, "H W"], where: str) -> Float32[np.ndarray, "H W"]:
    del where
    metres = units.astype(np.float32) / DEPTH_UNITS_PER_METRE
    # No surface lies in the camera's centre: a zero is a hole as well.
    metres[(units >= DEPTH_MISSING) | (units == 0)] = np.nan
    return metres


def _normal_to_file(normal: Float32[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    turned = normal * _NORMAL_AXES
    levels = np.rint(NORMAL_CENTRE + NORMAL_CENTRE * np.where(np.isnan(turned), 0, turned))
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


def _normal_from_file(
    levels: UInt8[np.ndarray, "H W 3"], where: str
) -> Float32[np.ndarray, "H W 3"]:
    del where
    normal = (levels.astype(np.float32) - NORMAL_CENTRE) * (_NORMAL_AXES / NORMAL_CENTRE)
    length = np.sqrt((normal * normal).sum(-1, keepdims=True))
    # Missing normals are stored as mid-grey, which is far from unit length.
    return np.where(length > 0.5, normal / length, np.nan).astype(np.float32)


def _curvature_to_file(k: Float32[np.ndarray, "H W 2"]) -> UInt8[np.ndarray, "H W 3"]:
    levels = np.full((*k.shape[:2], 3), CURVATURE_ZERO, np.uint8)
    part = np.clip(CURVATURE_RADIUS * np.where(np.isnan(k), 0, k).astype(np.float64), -1, 1)
    levels[..., :2] = np.rint(CURVATURE_ZERO * (part + 1))
    return levels


def _curvature_from_file(
    levels: UInt8[np.ndarray, "H W 3"], where: str
) -> Float32[np.ndarray, "H W 2"]:
    del where
    part = levels[..., :2].astype(np.float32) / CURVATURE_ZERO - 1
    return part / np.float32(CURVATURE_RADIUS)


def _fraction_to_file(top: int, kind: type) -> Callable[[np.ndarray], np.ndarray]:
    # fmax passes nan by.
    return lambda value: np.rint(np.minimum(np.fmax(value, 0), 1) * top).astype(kind)


def _fraction_from_file(
    levels: Shaped[np.ndarray, "..."], where: str
) -> Float32[np.ndarray, "H W"]:
    del where
    plane = levels if levels.ndim == 2 else levels[..., 0]
    return plane.astype(np.float32) / np.iinfo(plane.dtype).max


def _semantic_from_file(labels: UInt8[np.ndarray, "H W"], where: str) -> UInt8[np.ndarray, "H W"]:
    if labels.max() >= SEMANTIC_LABELS:
        raise BadInput(f"{where}: found label {labels.max()}, expected 0..{SEMANTIC_LABELS - 1}")
    return labels


def _unchanged_to_file(value: Shaped[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    return value.astype(np.uint8, copy=False)


def _unchanged_from_file(levels: UInt8[np.ndarray, "..."], where: str) -> UInt8[np.ndarray, "..."]:
    del where
    return np.ascontiguousarray(levels)


_ENCODERS: dict[str, Callable[[Any], np.ndarray]] = {
    "rgb": _unchanged_to_file,
    "depth": _depth_to_file,
    "normal": _normal_to_file,
    "curvature": _curvature_to_file,
    "unit8": _fraction_to_file(255, np.uint8),
    "unit16": _fraction_to_file(65535, np.uint16),
    "ids": _unchanged_to_file,
    "semantic": _unchanged_to_file,
}

_DECODERS: dict[str, Callable[[Any, str], np.ndarray]] = {
    "rgb": _unchanged_from_file,
    "depth": _depth_from_file,
    "normal": _normal_from_file,
    "curvature": _curvature_from_file,
    "unit8": _fraction_from_file,
    "unit16": _fraction_from_file,
    "ids": _unchanged_from_file,
    "semantic": _semantic_from_file,
}
