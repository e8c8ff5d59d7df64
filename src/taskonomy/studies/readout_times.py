"""How much longer readouts of wide codes train than those of a run's own codes.

A readout's first layer, its statistics and its batches grow with the channels of what it reads; the
rest of it does not. So that part alone is timed on one batch, at both widths.
"""

from collections.abc import Callable
from time import process_time
from typing import NamedTuple

import numpy as np
import torch

from taskonomy.dictionary import Task
from taskonomy.networks.encoder import code_size
from taskonomy.networks.readout import Readout
from taskonomy.training.schedule import CHECKS, SETTLING
from taskonomy.training.session import Session


class ImageTimes(NamedTuple):
    """Seconds that one image takes, of what depends on the channels of its code.

    Attributes:
        statistics: of each channel's mean and deviation.
        train: to gather its code, forward and backward.
        test: to gather its code, and forward.
    """

    statistics: float
    train: float
    test: float


def of_width(session: Session, channels: int) -> ImageTimes:
    """What images take whose codes have so many channels, timed on a batch of this process."""
    config = session.workspace.config
    size, count = code_size(config.network, config.network.image_size), config.transfer.batch
    codes = np.zeros((count, 1, channels, size, size), np.float32)
    task = next(task for task in session.workspace.dictionary if task.trained)
    moments = torch.zeros(channels)
    network = session.place(Readout(task, config, moments, moments + 1, 1))

    def gathered() -> torch.Tensor:
        part = torch.from_numpy(codes[np.arange(count)])
        x = torch.cat([part], dim=2).to(session.device).flatten(0, 1)
        return x.contiguous(memory_format=torch.channels_last)

    def forward() -> torch.Tensor:
        x: torch.Tensor = network.streams(network.norm(gathered()))
        if session.device.type == "cuda":
            torch.cuda.synchronize()
        return x

    def statistics() -> None:
        codes.mean(axis=(0, 3, 4))
        codes.std(axis=(0, 3, 4))

    def train() -> None:
        forward().sum().backward()  # type: ignore[no-untyped-call]

    def test() -> None:
        with torch.no_grad():
            forward()

    return ImageTimes(*(_seconds(part) / count for part in (statistics, train, test)))


def further(session: Session, channels: int) -> Callable[[Task, int], float]:
    """Seconds that a readout of a code of so many channels takes beyond one of the run's own.

    Returns:
        a function of the target and the regime.
    """
    own = of_width(session, channels)
    usual = of_width(session, session.workspace.config.network.code_channels)
    more = ImageTimes(*(max(0.0, a - b) for a, b in zip(own, usual, strict=True)))

    def seconds(task: Task, regime: int) -> float:
        chosen, batch = session.examples(task, regime), session.workspace.config.transfer.batch
        # Each check settles the batch norms on what trains, and tests what is held out.
        tested = CHECKS * len(chosen.transfer) + min(len(chosen.transfer), SETTLING)
        tested += len(chosen.test)
        return (
            more.statistics * len(np.unique(chosen.transfer))
            + more.train * chosen.transfer_steps * batch * task.images
            + more.test * tested * task.images
        )

    return seconds


def _seconds(part: Callable[[], object]) -> float:
    """The shorter of two processor times, since others may share it; a first one is not counted."""
    part()
    times = []
    for _ in range(2):
        begin = process_time()
        part()
        times.append(process_time() - begin)
    return min(times)
