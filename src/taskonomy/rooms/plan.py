"""What a rendering will take, before it is started: a few rooms are rendered and thrown away."""

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from taskonomy.rooms.dataset import IMAGES_PER_ROOM, render_dataset

ROOMS = 8
"""Rooms that are rendered to tell what one takes: one of each kind, whatever the seed."""
_BLOCK = 4096
"""Bytes that file systems give out at once: most labels are smaller."""


class Plan(NamedTuple):
    """What a rendering takes.

    Attributes:
        images: how many.
        files: files in all.
        bytes: on the disk, in whole blocks.
        seconds: with as many processes as asked for, if the machine has nothing else to do.
        free: bytes free where the data set is to lie.
    """

    images: int
    files: int
    bytes: int
    seconds: float
    free: int

    @property
    def text(self) -> str:
        """The plan in a line."""
        hours, minutes = divmod(round(self.seconds / 60), 60)
        return (
            f"{self.images} images: {self.files} files, {self.bytes / 1e9:.2f} GB "
            f"({self.free / 1e9:.1f} GB free), {hours} h {minutes:02d} min"
        )


def plan(
    out: Path,
    images: int,
    size: int,
    seed: int,
    workers: int,
    family: str,
    device: str | None = None,
) -> Plan:
    """Say what `render_dataset` with the same arguments will take; nothing is left behind.

    One process renders a room of each kind; the time of all images is taken to be theirs, shared by
    the processes. Starting those is not counted.

    Raises:
        BadInput: as `render_dataset` for a number out of range or a device that is not there.
    """
    probed = min(images, ROOMS * IMAGES_PER_ROOM)
    with TemporaryDirectory() as folder:
        root = Path(folder) / "rooms"
        started = time.perf_counter()
        render_dataset(root, probed, size, seed, 1, family, device)
        seconds = time.perf_counter() - started
        sizes = [file.stat().st_size for file in root.glob("*/*/point_*")]
    blocks = sum(-(-each // _BLOCK) * _BLOCK for each in sizes)
    place = next(folder for folder in (out, *out.absolute().parents) if folder.is_dir())
    return Plan(
        images=images,
        files=len(sizes) * images // probed,
        bytes=blocks * images // probed,
        seconds=seconds * images / probed / workers,
        free=shutil.disk_usage(place).free,
    )
