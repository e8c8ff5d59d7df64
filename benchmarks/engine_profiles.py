"""The shapes of params.yaml's profiles, for machines that read no YAML (benchmarks/engine.py).

tests/unit/test_engine.py holds them equal to params.yaml.
"""

from typing import Any

from taskonomy.config import Config, check

SHAPES: dict[str, dict[str, dict[str, Any]]] = {
    "demo": {
        "network": {
            "image_size": 64,
            "target_size": 32,
            "block": "basic",
            "stem": "conv3",
            "layers": [1, 1, 1],
            "widths": [16, 32, 64],
            "strides": [2, 2, 1],
            "code_channels": 8,
            "decoder": [16],
            "doublings": 0,
            "hidden": 32,
            "dropout": 0.5,
            "segment_size": 16,
            "segment_pixels": 64,
        },
        "transfer": {
            "test_images": 220,
            "steps": 120,
            "scratch_steps": 200,
            "batch": 16,
            "learning_rate": 0.01,
            "weight_decay": 0.0,
            "width": 8,
            "max_order": 2,
            "top": 5,
        },
    },
    "full": {
        "network": {
            "image_size": 128,
            "target_size": 64,
            "block": "basic",
            "stem": "conv7",
            "layers": [2, 2, 2],
            "widths": [32, 64, 128],
            "strides": [1, 2, 1],
            "code_channels": 8,
            "decoder": [128, 64],
            "doublings": 1,
            "hidden": 512,
            "dropout": 0.5,
            "segment_size": 64,
            "segment_pixels": 300,
        },
        "transfer": {
            "test_images": 2000,
            "steps": 400,
            "scratch_steps": 800,
            "batch": 32,
            "learning_rate": 0.001,
            "weight_decay": 1e-05,
            "width": 8,
            "max_order": 5,
            "top": 5,
        },
    },
    "paper": {
        "network": {
            "image_size": 256,
            "target_size": 256,
            "block": "bottleneck",
            "stem": "conv7",
            "layers": [3, 4, 6, 3],
            "widths": [64, 128, 256, 512],
            "strides": [1, 2, 2, 1],
            "code_channels": 8,
            "decoder": [1024, 1024, 512, 256, 256, 128],
            "doublings": 4,
            "hidden": 2048,
            "dropout": 0.5,
            "segment_size": 256,
            "segment_pixels": 300,
        },
        "transfer": {
            "test_images": 17000,
            "steps": 15000,
            "scratch_steps": 30000,
            "batch": 32,
            "learning_rate": 0.0001,
            "weight_decay": 1e-05,
            "width": 8,
            "max_order": 5,
            "top": 5,
        },
    },
}
_REST: dict[str, Any] = {
    **{"seed": 0, "shards": 1, "regimes": [8], "seeds": 1, "data": {"images": 24, "size": 16}},
    "training": {
        **{"epochs": 1, "batch": 2, "learning_rate": 1.0},
        **{"weight_decay": 0.0, "gan": False},
    },
    "affinity": {"replicates": 1},
    "taxonomy": {"budgets": [1], "max_order": 1, "scale": "raw", "costs": {}},
}
"""What a profile has beside them; no readout depends on it."""


def profile(name: str) -> Config:
    """The profile of that name, as far as readouts depend on it."""
    return check({**_REST, **SHAPES[name]}, name, "benchmarks/engine_profiles.py")
