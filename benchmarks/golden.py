"""The losses of five small networks and a readout, by which a change of arithmetic shows.

`python -m benchmarks.golden > tests/unit/golden.json` writes them anew; `tests/unit/test_golden.py`
holds them, within what processors of different kinds differ by.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from taskonomy.config import Config, load
from taskonomy.data import layout, splits
from taskonomy.rooms.dataset import render_dataset
from taskonomy.store import Store
from taskonomy.training import record
from taskonomy.training.identity import ModelRef, job_ref, model_ref
from taskonomy.training.job import Job
from taskonomy.training.shard import train_tasks, train_transfers
from taskonomy.training.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
TASKS = ("autoencoding", "normal", "segment_unsup2d", "class_object", "fixated_pose")
"""A map of colours, one of geometry, segments, classes, and numbers of a pair."""
IMAGES, SIZE = 96, 32


def small() -> Config:
    """The demo profile, made smaller."""
    return load(ROOT / "params.yaml", "demo").updated(
        regimes=(8,),
        tasks=TASKS,
        network={
            **{"image_size": SIZE, "target_size": 16, "segment_size": 8, "segment_pixels": 20},
            **{"layers": (1, 1), "widths": (8, 16), "strides": (1, 2), "code_channels": 4},
            **{"decoder": (8,), "hidden": 16},
        },
        training={"epochs": 4, "batch": 8},
        transfer={"test_images": 8, "steps": 6, "batch": 4},
    )


def losses(folder: Path) -> dict[str, list[float]]:
    """Train the models in a folder; return loss curve and mean test loss of each by its name."""
    config = small()
    render_dataset(folder / "rooms", IMAGES, SIZE, 0, 1)
    dataset = layout.index(folder / "rooms")
    store = Store(str(folder / "store"))
    workspace = Workspace(store, config, dataset, "golden", "golden", splits.split(dataset))
    train_tasks(workspace, TASKS)
    readout = Job("transfer", "normal", ("autoencoding",), 8)
    train_transfers(workspace, [readout])
    refs = [*(model_ref(workspace, "task", name) for name in TASKS), job_ref(workspace, readout)]
    return {"-".join((*ref.sources, ref.target)): _numbers(store, ref) for ref in refs}


def _numbers(store: Store, ref: ModelRef) -> list[float]:
    found = record.read(store, ref.identity)
    mean = float("nan") if found.test_loss is None else found.test_loss
    return [round(float(loss), 6) for loss in (*found.curve[:, 1], mean)]


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        print(json.dumps(losses(Path(scratch)), indent=1))
