"""What a run publishes, made up: tables, policies and sample predictions of every task."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from taskonomy.affinity.candidate import Candidate
from taskonomy.dictionary import DICTIONARY, Task
from taskonomy.evaluation.sanity import sanity
from taskonomy.publishing import artifact, models
from taskonomy.publishing.models import Model
from taskonomy.publishing.report import DatasetFacts, ReportData
from taskonomy.publishing.samples import Samples
from taskonomy.taxonomy import sweep

REGIME = "256"


def candidates() -> list[Candidate]:
    """Made-up affinities: sources of a target's own group serve it better."""
    rng = np.random.default_rng(7)
    found = []
    for target in DICTIONARY.targets:
        single = [(s,) for s in DICTIONARY.names if s != target]
        double = [tuple(sorted(rng.choice(DICTIONARY.names, 2, replace=False))) for _ in range(10)]
        double = sorted({pair for pair in double if target not in pair})
        kinds = ["supervised", "own_readout", *["transfer"] * (len(single) + len(double))]
        sets = [(target,), (target,), *single, *double]
        kin = [
            np.mean([DICTIONARY[s].group == DICTIONARY[target].group for s in sources])
            for sources in sets
        ]
        weight = np.exp(1.2 * np.array(kin) + rng.normal(0, 0.6, len(sets)))
        weight[0] *= 5
        for kind, sources, p in zip(kinds, sets, weight / weight.sum(), strict=True):
            win = float(np.clip(0.35 + 8 * p + rng.normal(0, 0.05), 0, 1))
            found.append(
                Candidate(
                    regime=REGIME, target=target, sources=sources, kind=kind, affinity=float(p),
                    affinity_low=float(p * 0.85), affinity_high=float(p * 1.2), n_test=360,
                    win_vs_scratch=win,
                    win_vs_supervised=0.5 if kind == "supervised" else win * 0.5,
                )
            )  # fmt: skip
    return found


def model(**changes: Any) -> Model:
    values: dict[str, Any] = {
        "model_id": "a1", "kind": "transfer", "target": "normal", "sources": ("reshading",),
        "order": 1, "regime": REGIME, "seed": 0, "readout_seed": 0,
        "status": "finished", "steps": 30,
        "train_images": 256, "test_loss": 0.25, "mlflow_run_id": "r1",
        "artifact": "models/a1.safetensors", "sha256": "0" * 64, "seconds": 0.2,
    }  # fmt: skip
    return Model(**{**values, **changes})


def model_table(rows: Sequence[Candidate]) -> pa.Table:
    single = [row for row in rows if row.order == 1 and row.kind != "supervised"]
    readouts = [
        model(
            model_id=f"{row.target}-{row.sources[0]}", target=row.target, sources=row.sources,
            test_loss=0.3 - row.affinity,
        )
        for row in single
    ]  # fmt: skip
    broken = model(model_id="x", order=2, sources=("egomotion", "jigsaw"), test_loss=None,
                   status="failed: the loss is not finite")  # fmt: skip
    return models.to_table([*readouts, broken])


def policies(rows: Sequence[Candidate]) -> list[dict[str, Any]]:
    solved = sweep.policies(rows, budgets=[2, 8], orders=[1, 2])
    return [
        {"regime": REGIME, "budget": p.budget, "max_order": p.max_order, "seconds": 1.0}
        | p.as_json()
        for p in solved
    ]


def taxonomy(rows: Sequence[Candidate]) -> dict[str, Any]:
    infeasible = {"regime": REGIME, "budget": 0.0, "max_order": 1, "status": "infeasible",
                  "reason": "no edge reaches normal"}  # fmt: skip
    return artifact.taxonomy(
        dictionary=DICTIONARY,
        tasks=[name for name in DICTIONARY.names if name != "class_scene"],
        left_out={"class_scene": "no folder class_scene"},
        costs={"autoencoding": 0.0},
        policies=[*policies(rows), infeasible],
        digests={"data": "d1", "affinity": "a1"},
    )


def smooth(rng: np.random.Generator, shape: tuple[int, ...], size: int) -> np.ndarray:
    """Low-frequency noise in about [-1, 1], so that pictures look like something."""
    coarse = rng.normal(size=(*shape, 4, 4))
    grid = np.linspace(0, 2.999, size)
    low = grid.astype(int)
    part = grid - low
    rows = coarse[..., low, :] * (1 - part)[:, None] + coarse[..., low + 1, :] * part[:, None]
    full = rows[..., low] * (1 - part) + rows[..., low + 1] * part
    return np.tanh(full).astype(np.float32)


def sample(entry: Task, size: int = 32) -> Samples:
    """Made-up inputs, targets and outputs in the shapes that training saves."""
    rng = np.random.default_rng(DICTIONARY.names.index(entry.name))
    n = 6
    views, view_size = (9, 20) if entry.inputs == "tiles" else (entry.images, 64)
    inputs = smooth(rng, (n, views, 3), view_size).transpose(0, 1, 3, 4, 2)
    if entry.head == "vector":
        width = entry.channels or 8
        target = rng.normal(size=(n, width))
        output = target + rng.normal(0, 0.4, (n, width))
        if entry.loss == "cross_entropy":
            target, output = (
                np.exp(2 * x) / np.exp(2 * x).sum(axis=1, keepdims=True) for x in (target, output)
            )
    else:
        target = picture(smooth(rng, (n, 3), size))
        output = picture(smooth(rng, (n, 3), size))
    return Samples(inputs=picture(inputs, channels_last=True), target=target, output=output)


def picture(values: np.ndarray, channels_last: bool = False) -> np.ndarray:
    """Values in about [-1, 1] as 8 bits, channels last."""
    bits = np.rint(127.5 + 100 * values).astype(np.uint8)
    return bits if channels_last else np.moveaxis(bits, 1, -1)


def linkage(count: int) -> np.ndarray:
    """A caterpillar: leaf by leaf joined to one growing cluster."""
    rows = [[0.0 if i == 0 else count + i - 1, i + 1, 0.1 * (i + 1), i + 2.0]
            for i in range(count - 1)]  # fmt: skip
    return np.array(rows)


def report_data() -> ReportData:
    rows = candidates()
    rng = np.random.default_rng(3)
    trained = [entry.name for entry in DICTIONARY if entry.trained]
    losses = {name: rng.random(360) for name in trained}
    return ReportData(
        profile="demo", regime=REGIME, seeds=(0,), seconds=431.0,
        dataset=DatasetFacts(
            source="scenes", version="1b6e0c2f", views=2200, buildings=60, size=64,
            split_kind="by stretches of one building", split_note="The data has one building.",
            counts={"train": 1400, "val": 400, "test": 400},
        ),
        affinity=rows, models=model_table(rows), taxonomy=taxonomy(rows),
        sanity=sanity(
            losses,
            {name: loss + rng.normal(0.2, 0.3, 360) for name, loss in losses.items()},
            {name: losses[name] + 0.1 for name in DICTIONARY.targets},
        ),
        samples={entry.name: sample(entry) for entry in DICTIONARY if entry.trained},
        classes={"class_scene": ["bedroom", "kitchen", "living room"]},
        linkage=linkage(len(DICTIONARY)), tree_labels=DICTIONARY.names,
        dictionary=DICTIONARY, structure="3D -> 3D .11 [.09, .13]",
    )  # fmt: skip
