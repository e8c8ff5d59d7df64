"""Numbers to pixels: how an output of each task becomes a picture. Shapes are channels first."""

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

# Anchors of a perceptually even map from dark blue through green to yellow.
_ANCHORS = np.array(
    [
        [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
        [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37],
    ],
    dtype=np.float64,
)  # fmt: skip
_MISSING = np.array([128, 128, 128], dtype=np.uint8)
_GOLDEN = 0.61803398875


def spans(target: Float[np.ndarray, "n c h w"]) -> tuple[float, float]:
    """The range that a scalar map's colours cover: the target's, without its outermost percent."""
    known = target[np.isfinite(target)]
    if known.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(known, [1, 99])
    return float(low), float(max(high, low + 1e-6))


def scalar_map(
    values: Float[np.ndarray, "1 h w"], low: float, high: float
) -> UInt8[np.ndarray, "h w 3"]:
    """One channel on the colour map; missing values are grey."""
    place = np.clip((values[0] - low) / (high - low), 0, 1) * (len(_ANCHORS) - 1)
    filled = np.nan_to_num(place)
    below = np.minimum(filled.astype(int), len(_ANCHORS) - 2)
    part = (filled - below)[..., None]
    colour = _ANCHORS[below] * (1 - part) + _ANCHORS[below + 1] * part
    return _masked(np.rint(colour), np.isfinite(values[0]))


def signed(values: Float[np.ndarray, "c h w"], reach: float) -> UInt8[np.ndarray, "h w 3"]:
    """Two or three channels in [-reach, reach] as red, green and blue; zero is middle grey."""
    filled = np.zeros((3, *values.shape[1:]))
    filled[: len(values)] = values[:3]
    known = np.asarray(np.isfinite(filled).all(axis=0))
    colour = np.clip(np.nan_to_num(filled) / reach, -1, 1) * 127.5 + 127.5
    return _masked(np.rint(colour.transpose(1, 2, 0)), known)


def categories(ids: Int[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Each id in its own colour, the same in every picture; negative ids are grey."""
    hue = (ids * _GOLDEN) % 1.0
    value = 0.62 + 0.3 * ((ids * 7) % 3) / 2
    turn = (hue[..., None] + np.array([0.0, 2 / 3, 1 / 3])) % 1.0
    wave = np.clip(np.abs(turn * 6 - 3) - 1, 0, 1)
    colour = np.rint(255 * value[..., None] * (0.35 + 0.65 * wave))
    return _masked(colour, np.asarray(ids >= 0))


def embeddings(values: Float[np.ndarray, "n c h w"]) -> UInt8[np.ndarray, "n h w 3"]:
    """Embeddings as colours: their first three principal components, one basis for all images."""
    n, c, h, w = values.shape
    flat = values.transpose(0, 2, 3, 1).reshape(-1, c).astype(np.float64)
    flat = np.nan_to_num(flat) - np.nan_to_num(flat).mean(axis=0)
    _, vectors = np.linalg.eigh(flat.T @ flat)
    basis = vectors[:, ::-1][:, :3]
    # An eigenvector's sign is arbitrary: fix it, so that equal inputs give equal pictures.
    basis = basis * np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
    parts = flat @ basis
    low, high = np.percentile(parts, [2, 98], axis=0)
    scaled = np.clip((parts - low) / np.maximum(high - low, 1e-9), 0, 1)
    picture = np.full((len(scaled), 3), 0.5)
    picture[:, : scaled.shape[1]] = scaled
    return np.asarray(np.rint(picture * 255), np.uint8).reshape(n, h, w, 3)


def nearest_segments(
    samples: Float[np.ndarray, "2 p"], shape: tuple[int, int]
) -> Int[np.ndarray, "h w"]:
    """Segment ids at sampled pixels (flat index, id), spread to the nearest pixels."""
    where, ids = samples[0].astype(int), samples[1].astype(int)
    rows, columns = np.divmod(where, shape[1])
    y, x = np.mgrid[: shape[0], : shape[1]]
    distance = (y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2
    spread: Int[np.ndarray, "h w"] = ids[distance.argmin(axis=-1)]
    return spread


def lab_to_rgb(lab: Float[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """CIE L*a*b* (D65) to sRGB."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    xyz = xyz * np.array([0.95047, 1.0, 1.08883])
    matrix = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    linear = np.clip(xyz @ matrix.T, 0, 1)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(rgb * 255), np.uint8)


def _masked(
    colour: Float[np.ndarray, "h w 3"], known: Bool[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    return np.where(known[..., None], colour, _MISSING).astype(np.uint8)
