"""The classes that labels of the embedded rooms and of captures name, and soft labels of them."""

import numpy as np
from jaxtyping import Float, Int

SEMANTIC_CLASSES = (
    "uncertain",
    "background",
    "bottle",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
)
"""Values of segment_semantic: the real data set's order."""

OBJECT_CLASSES = (
    *SEMANTIC_CLASSES[2:],
    "armoire",
    "basket",
    "bathtub",
    "bookcase",
    "bowl",
    "box",
    "cabinet",
    "coffee table",
    "counter",
    "cup",
    "curtain",
    "desk",
    "door",
    "fruit",
    "lamp",
    "laptop",
    "mirror",
    "nightstand",
    "picture",
    "pillow",
    "plate",
    "pot",
    "range hood",
    "rug",
    "shelf",
    "shower",
    "stool",
    "towel",
    "window",
)
"""Classes of class_object for these rooms, in the order of its vector."""

_CLASS = {name: number for number, name in enumerate(OBJECT_CLASSES)}


def object_label(
    objects: tuple[str, ...], instance: Int[np.ndarray, "H W"]
) -> Float[np.ndarray, " K"]:
    """Soft label over OBJECT_CLASSES: the square root of visible pixels, 5 % spread over all.

    Uniform where no object is visible.
    """
    pixels = np.bincount(instance.ravel(), minlength=len(objects))
    # The last place is that of what is no object.
    classes = [_CLASS.get(name, len(_CLASS)) for name in objects]
    share = np.sqrt(np.bincount(classes, pixels, len(_CLASS) + 1)[:-1])
    share = share / share.sum() if share.any() else np.full(len(share), 1 / len(share))
    return np.asarray(0.95 * share + 0.05 / len(share), np.float32)
