"""Do rooms teach anything about a real place?

    taskonomy data annotate ../shared/data/rgbd-kitchen --out KITCHEN
    python -m benchmarks.kitchen KITCHEN out > docs/kitchen.txt

KITCHEN is an annotated capture, `out` what `taskonomy run` of the demo profile has left; neither is
written to. Says by how much views of the capture agree on where its surfaces are, and how well its
normals are predicted by what the run has learned from rooms alone. Exits with 1 if the goals are
missed: 3 cm (median over pairs), and less loss than the informed guesses on most test images.
"""

import argparse
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn

from taskonomy.config import load
from taskonomy.data import layout, splits
from taskonomy.data.layout import Dataset
from taskonomy.data.reprojection import OVERLAPPING, pair_errors
from taskonomy.dictionary import DICTIONARY
from taskonomy.networks.losses import example_losses
from taskonomy.runs.run import open_run
from taskonomy.store import Store
from taskonomy.training import record
from taskonomy.training.example_loader import ExampleLoader, in_order
from taskonomy.training.examples import images_of
from taskonomy.training.guesses import guess
from taskonomy.training.identity import job_ref, main_regime, model_id
from taskonomy.training.job import Job
from taskonomy.training.representations import encode
from taskonomy.training.session import Session, seeded
from taskonomy.training.task_network import build, loader_of, restore, train_network
from taskonomy.training.transfers import fit_readouts, target_loaders
from taskonomy.training.workspace import Workspace

PAIRS = 200
AGREEING = 0.03
"""Metres: the goal for the median over pairs."""
NORMAL = DICTIONARY["normal"]


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("capture", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    capture = layout.index(options.capture)
    kept = [pairs(capture), normals(capture, options.out)]
    return 0 if all(kept) else 1


def pairs(capture: Dataset) -> bool:
    """How far one view's points are from another's depth."""
    print(f"PAIRS of the capture's {len(capture.views)} views: by how many cm the depth of one's")
    print("points in the other differs from the other's own (the median over a pair's points)\n")
    print(f"{'pairs':18} {'number':>7} {'median':>7} {'90th':>7} {'within 3 cm':>12}")
    worst = 0.0
    for kind in OVERLAPPING:
        errors = pair_errors(capture, kind, PAIRS, seed=0)
        middle, tail = np.percentile(errors, [50, 90])
        worst = max(worst, float(middle))
        within = f"{np.mean(errors < AGREEING):.0%}"
        print(f"{kind:18} {len(errors):7} {100 * middle:7.2f} {100 * tail:7.2f} {within:>12}")
    print(f"\nworst median {100 * worst:.2f} cm (goal: {100 * AGREEING:g} cm)\n")
    return worst <= AGREEING


class Always(nn.Module):
    """Says the same of every image."""

    def __init__(self, guess: Float[Tensor, "c h w"]) -> None:
        super().__init__()
        self.guess = guess

    def forward(self, images: Float[Tensor, "b k c H W"]) -> Float[Tensor, "b c h w"]:
        return self.guess.expand(len(images), *self.guess.shape)


class Fixed(nn.Module):
    """A readout of an encoder that stays as it is."""

    def __init__(self, encoder: nn.Module, readout: nn.Module) -> None:
        super().__init__()
        self.encoder, self.readout = encoder, readout

    def forward(self, images: Float[Tensor, "b k c H W"]) -> Float[Tensor, "b c h w"]:
        return cast(Tensor, self.readout(self.encoder(images[:, 0])[:, None]))


def normals(capture: Dataset, out: Path) -> bool:
    """What is learned from rooms says of the capture's normals, against the best constants."""
    there = Session(open_run(out, load(Path("params.yaml"), "demo")).workspace)
    of_rooms = build(there, NORMAL)
    trained = model_id(there.workspace, "task", NORMAL.name)
    restore(of_rooms, record.weights(there.workspace.store, trained))
    of_rooms.eval()
    with tempfile.TemporaryDirectory() as folder:
        config = there.workspace.config.updated(tasks=(NORMAL.name,))
        parts = splits.split(capture)
        here = Session(Workspace(Store(folder), config, capture, "capture", "capture", parts))
        chosen = here.examples(NORMAL)
        constants = [
            Always(guess(each.data(NORMAL).target, loader_of(each, NORMAL, rows)))
            for each, rows in ((each, each.examples(NORMAL).train) for each in (there, here))
        ]
        scratch = Job("scratch", NORMAL.name, (), main_regime(here.workspace))
        learned = {
            "network of the rooms": of_rooms,
            "its encoder, with a readout": _read_out(here, of_rooms.encoder),
            "network from scratch": train_network(here, job_ref(here.workspace, scratch))[1],
        }
        seen, few = images_of(there.examples(NORMAL).train), images_of(chosen.transfer)
        text = f"""NORMALS of the capture. The demo profile's network for normals was trained on
        {seen} images of rooms and is fixed; the readout and the network from scratch are trained on
        {few} images of the capture. L1 loss; degrees, median over pixels; and how many images each
        serves better than the informed guesses of the rooms and of the capture, the best constants
        of their training images. (All views hold the stretch that the capture's guess is of.)"""
        print(textwrap.fill(" ".join(text.split()), 88), end="\n\n")
        every = np.arange(len(capture.views), dtype=np.int64)[:, None]
        untaught = {"network of the rooms": of_rooms}
        _table("all views", here, every, constants, untaught)
        return _table("test stretch", here, chosen.test, constants, learned)[0] > 0.5


def _read_out(here: Session, encoder: nn.Module) -> nn.Module:
    """A readout of a fixed encoder, trained on the capture's transfer images."""
    codes = [encode(here, encoder, NORMAL.name, here.represented)]
    targets_of = target_loaders(here, NORMAL, main_regime(here.workspace))
    with seeded(here.workspace.config.seed, "transfer", NORMAL.name) as rng:
        regime = main_regime(here.workspace)
        [(network, _)] = fit_readouts(here, NORMAL, regime, [codes], targets_of, rng)
    return Fixed(encoder, network)


def _table(
    name: str,
    here: Session,
    rows: Int64[np.ndarray, "n 1"],
    constants: Sequence[nn.Module],
    learned: Mapping[str, nn.Module],
) -> list[float]:
    """Print a row for each; returns the share of images that each learned network serves better
    than the better of the constants."""
    loader = loader_of(here, NORMAL, rows)
    guesses = [_judge(each, loader) for each in constants]
    print(f"{f'{name} ({len(rows)})':32} {'loss':>6} {'angle':>6} {'better than the guesses':>24}")
    for whose, (losses, angle) in zip(("rooms", "capture"), guesses, strict=True):
        print(f"{f'informed guess of the {whose}':32} {losses.mean():6.3f} {angle:6.1f}")
    shares = []
    for label, network in learned.items():
        losses, angle = _judge(network, loader)
        wins = [float((losses < other).mean()) for other, _ in guesses]
        print(f"{label:32} {losses.mean():6.3f} {angle:6.1f} {wins[0]:11.0%} {wins[1]:11.0%}")
        shares.append(min(wins))
    print()
    return shares


@torch.no_grad()
def _judge(network: nn.Module, loader: ExampleLoader) -> tuple[Float32[np.ndarray, " n"], float]:
    """The loss of every image, and the median angle over all known pixels in degrees."""
    network.eval()
    losses, angles = [], []
    for inputs, target, mask in loader.batches(in_order(loader.count)):
        output = network(inputs).contiguous()
        losses.append(example_losses(NORMAL.loss, output, target, mask))
        cosine = torch.cosine_similarity(output, target)[mask[:, 0] > 0]
        angles.append(torch.rad2deg(torch.arccos(cosine.clamp(-1, 1))))
    return torch.cat(losses).cpu().numpy(), float(torch.cat(angles).median())


if __name__ == "__main__":
    sys.exit(main())
