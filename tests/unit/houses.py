"""Views of a slanted wall, with all their labels in closed form: data sets that cost nothing."""

from math import radians
from pathlib import Path

import numpy as np

from taskonomy.data import cameras, labels, layout
from taskonomy.data.layout import View

FOV, SIZE = radians(60), 32


def add(root: Path, view: View, seed: int) -> None:
    """A camera before a slanted wall of noise, with every label."""
    rgb = np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    unit = np.array([0.3, 0.2, 1]) / np.linalg.norm([0.3, 0.2, 1])
    depth = (-2 / (labels.rays(SIZE, SIZE, FOV) @ unit)).astype(np.float32)
    normal = np.broadcast_to(unit.astype(np.float32), (SIZE, SIZE, 3)).copy()
    location, target = np.array([0.0, 0, 1.5]), np.array([2 / unit[2], 0, 1.5])
    rotation = cameras.look_at(location, target)
    info = cameras.point_info(
        location=location,
        rotation=rotation,
        fov=FOV,
        size=SIZE,
        point=target,
        normal=rotation @ unit,
        point_id=view.point,
        view_id=view.view,
        camera="c",
        room="r",
        content=np.array([[0.0, -1, 0], [2, 1, 2]]),
        points_in_view=[],
    )
    middle = {"nonfixated_pixel_x": SIZE // 2, "nonfixated_pixel_y": SIZE // 2}
    seen = {"point_uuid": str(view.point), "view_id": 1 - view.view, **middle}
    values = {
        "rgb": rgb,
        "depth_zbuffer": depth,
        "normal": normal,
        "segment_semantic": np.full((SIZE, SIZE), 1, np.uint8),
        "class_scene": np.float32([0.5, 0.25, 0.25]),
        "point_info": info,
        "nonfixated_matches": {"point_location": target.tolist(), "views": [seen]},
    }
    for domain, value in (values | labels.derive_view(rgb, depth, normal, FOV)).items():
        layout.write(root, view, domain, value)
