"""Renders a data set of rooms in the real layout, one building a room."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32
from tqdm import tqdm

from taskonomy import files, formats
from taskonomy.data import layout
from taskonomy.data.cameras import nonfixated_matches, point_info, project, unproject
from taskonomy.data.classes import OBJECT_CLASSES, object_label
from taskonomy.data.codecs import DOMAINS
from taskonomy.data.labels import derive_views
from taskonomy.errors import BadInput
from taskonomy.rooms.render import Camera, batches, render_views
from taskonomy.rooms.rooms import FAMILIES, SCENE_CLASSES, build_room
from taskonomy.rooms.shading import Stage
from taskonomy.rooms.viewpoints import Fixation, choose_fixations, sees
from taskonomy.workers import pool as start

VERSION = 5
"""Raised whenever equal seeds give other images or labels."""
VIEWS_PER_POINT = 3
IMAGES_PER_ROOM = 6
"""Two points a room. With twelve images of half as many rooms the networks knew their training
rooms by heart: scene classification fell behind the informed guess, vanishing points too."""

_DECLARATION = "dataset.json"
_UNDER_WAY = ".rendering.json"
_ATTEMPTS = 8


@dataclass(frozen=True)
class Order:
    """One building to render: where, which, with how many images of which size."""

    root: Path
    number: int
    seed: int
    kind: str
    images: int
    size: int
    family: str
    device: str | None

    @property
    def name(self) -> str:
        return f"room_{self.number:05d}"


def render_dataset(
    out: Path,
    images: int,
    size: int,
    seed: int,
    workers: int,
    family: str = "home",
    device: str | None = None,
) -> None:
    """Render exactly `images` views of `size` x `size` pixels under `out`, with all their labels.

    A building is a room of six views: two fixated points, each seen by three cameras; the last
    room has what remains. It is written whole; a building that is there already is kept, so that an
    interrupted rendering goes on. Equal arguments give equal files, whatever the number of workers
    (processes). Views are the same on every `device` (`Stage`), their pixels all but some.

    Raises BadInput where `out` holds anything else, a number is out of range, the family unknown or
    the device not there.
    """
    if family not in FAMILIES:
        raise BadInput(f"family: found {family!r}, expected {' or '.join(FAMILIES)}")
    for name, value, least, most in (
        ("images", images, 1, 10_000_000),
        ("size", size, 16, 1024),
        ("seed", seed, 0, 2**31 - 1),
        ("workers", workers, 1, 1024),
    ):
        if not least <= value <= most:
            raise BadInput(f"{name}: found {value}, expected {least} to {most}")
    if device is not None:
        from taskonomy.rooms.batched import usable

        usable(device)
    wanted = (images, size, seed, family, device)
    declaration = json.dumps(_declaration(*wanted), indent=1) + "\n"
    _open(out, declaration)
    orders = [o for o in _orders(out, *wanted) if not (out / o.name).is_dir()]
    with tqdm(total=images, unit="image", desc="rooms", mininterval=1) as bar:
        bar.update(images - sum(order.images for order in orders))
        for done in _render_all(orders, workers):
            bar.update(done)
    if not (out / _DECLARATION).is_file():
        files.write(out / _DECLARATION, declaration.encode())
    (out / _UNDER_WAY).unlink(missing_ok=True)


def _declaration(
    images: int, size: int, seed: int, family: str, device: str | None
) -> dict[str, Any]:
    classes = {"object": list(OBJECT_CLASSES), "scene": list(SCENE_CLASSES)}
    content = {
        "source": "scenes",
        # The first family's files are what they were before there was a second.
        **({} if family == FAMILIES[0] else {"family": family}),
        **({} if device is None else {"device": device}),
        "version": VERSION,
        "seed": seed,
        "size": size,
        "images": images,
        "labels": sorted(DOMAINS),
        "classes": classes,
    }
    return formats.DATASET.stamped(content)


def _open(out: Path, declaration: str) -> None:
    """Make `out` ready: a new folder, or the same rendering interrupted or finished."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (_DECLARATION, _UNDER_WAY):
        if (out / name).is_file():
            _check_same(out / name, declaration)
            return
    if any(out.iterdir()):
        raise BadInput(f"{out}: found a folder with other content, expected an empty or new one")
    files.write(out / _UNDER_WAY, declaration.encode())


def _check_same(place: Path, declaration: str) -> None:
    """Refuse to go on with a rendering of other arguments."""
    content = place.read_bytes()
    if content == declaration.encode():
        return
    found, wanted = formats.DATASET.parse(content, place), json.loads(declaration)
    for declared in found, wanted:
        declared.pop(formats.JSON_KEY, None)  # an older declaration of the same files is the same
    if found == wanted:
        return
    for key, expected in wanted.items():
        if found.get(key) != expected:
            raise BadInput(
                f"{place}: found a data set of {key} {found.get(key)}, expected {expected} or "
                "another folder"
            )
    raise BadInput(f"{place}: found another data set, expected this one or another folder")


def _orders(
    out: Path, images: int, size: int, seed: int, family: str, device: str | None
) -> Iterator[Order]:
    """The buildings: kinds in turn, in an order drawn anew for every eight."""
    for number, first in enumerate(range(0, images, IMAGES_PER_ROOM)):
        block, place = divmod(number, len(SCENE_CLASSES))
        shuffled = np.random.default_rng([seed, block]).permutation(len(SCENE_CLASSES))
        kind = SCENE_CLASSES[shuffled[place]]
        rest = min(IMAGES_PER_ROOM, images - first)
        yield Order(out, number, seed, kind, rest, size, family, device)


def _render_all(orders: list[Order], workers: int) -> Iterator[int]:
    if workers == 1 or len(orders) < 2:
        for order in orders:
            yield render_building(order)
        return
    with _single_threaded(), start(min(workers, len(orders))) as pool:
        tasks = [pool.submit(render_building, order) for order in orders]
        try:
            for task in as_completed(tasks):
                yield task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes started inside use one thread each: there is one for every core already."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def render_building(order: Order) -> int:
    """Render one building, whole or not at all; returns its number of images."""
    temporary = order.root / f".{order.name}"
    shutil.rmtree(temporary, ignore_errors=True)  # of a rendering that was killed
    try:
        _render_into(temporary, order)
        (temporary / order.name).rename(order.root / order.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return order.images


def _render_into(root: Path, order: Order) -> None:
    stage, fixations = _room(order)
    cameras = [camera for fixation in fixations for camera in fixation.cameras]
    # Views are chosen by Embree on every device, or one pixel might turn a camera.
    lit = stage if order.device is None else replace(stage, device=order.device)
    seen = (view for batch in batches(cameras, order.size) for view in _seen(lit, order, batch))
    visible = _visibility(stage, fixations, order.size)
    for point, fixation in enumerate(fixations):
        for view in range(len(fixation.cameras)):
            # The writer's root is the hidden folder, so the building appears under its own name.
            target, labels = layout.View(order.name, point, view), next(seen)
            for domain, value in labels.items():
                layout.write(root, target, domain, value)
            info = _info(order, fixations, visible, labels["depth_zbuffer"], target)
            layout.write(root, target, "point_info", info)
        matches = _matches(order, fixations, visible, point)
        layout.write(
            root, layout.View(order.name, point, layout.ALL), "nonfixated_matches", matches
        )


def _room(order: Order) -> tuple[Stage, list[Fixation]]:
    """The order's room and fixations; another room is drawn where one is too crowded."""
    full, rest = divmod(order.images, VIEWS_PER_POINT)
    views = [VIEWS_PER_POINT] * full + ([rest] if rest else [])
    for attempt in range(_ATTEMPTS):
        state = np.random.SeedSequence([order.seed, order.number, attempt])
        seed = int(state.generate_state(1)[0])
        stage = Stage(build_room(seed, order.kind, order.family))
        try:
            return stage, choose_fixations(stage, np.random.default_rng(seed), views)
        except BadInput as error:
            reason = error
    raise BadInput(f"{order.name}: {_ATTEMPTS} rooms tried: {reason}")


def _seen(stage: Stage, order: Order, cameras: Sequence[Camera]) -> Iterator[dict[str, Any]]:
    """The photograph and all labels of each view."""
    views = render_views(stage, cameras, order.size)
    rgb, depth, normal = (
        np.stack([getattr(view, name) for view in views]) for name in ("rgb", "depth_z", "normal")
    )
    derived = derive_views(rgb, depth, normal, [camera.fov for camera in cameras])
    for k, view in enumerate(views):
        yield {
            "rgb": view.rgb,
            "depth_zbuffer": view.depth_z,
            "normal": view.normal,
            "segment_semantic": view.semantic,
            "class_object": object_label(stage.room.objects, view.instance),
            "class_scene": scene_label(order.kind),
            **{domain: labels[k] for domain, labels in derived.items()},
        }


def scene_label(kind: str) -> Float[np.ndarray, " K"]:
    """Soft label over SCENE_CLASSES: 0.9 and a tenth spread over all."""
    label = np.full(len(SCENE_CLASSES), 0.1 / len(SCENE_CLASSES), np.float32)
    label[SCENE_CLASSES.index(kind)] += 0.9
    return label


Sight = dict[tuple[int, int, int], tuple[float, float]]
"""(fixated point, view, other point) that the view sees, to the pixel it sees it at."""


def _visibility(stage: Stage, fixations: list[Fixation], size: int) -> Sight:
    points = np.array([f.point for f in fixations])
    views = [(a, v, camera) for a, f in enumerate(fixations) for v, camera in enumerate(f.cameras)]
    locations = np.repeat([camera.location for _, _, camera in views], len(points), axis=0)
    seen = sees(stage, locations, np.tile(points, (len(views), 1))).reshape(len(views), -1)
    found: Sight = {}
    for (a, view, camera), clear in zip(views, seen, strict=True):
        pixels, depth = project(points, camera.location, camera.rotation, camera.fov, size)
        inside = (depth > 0) & ((pixels >= 0) & (pixels < size)).all(1)
        for b in np.flatnonzero(inside & clear):
            if b != a:
                found[a, view, int(b)] = (float(pixels[b, 0]), float(pixels[b, 1]))
    return found


def _info(
    order: Order,
    fixations: list[Fixation],
    visible: Sight,
    depth_z: Float32[np.ndarray, "H W"],
    view: layout.View,
) -> dict[str, Any]:
    fixation = fixations[view.point]
    camera = fixation.cameras[view.view]
    content = unproject(depth_z.astype(float), camera.location, camera.rotation, camera.fov)
    return point_info(
        location=camera.location,
        rotation=camera.rotation,
        fov=camera.fov,
        size=order.size,
        point=fixation.point,
        normal=fixation.normal,
        point_id=view.point,
        view_id=view.view,
        camera=_camera_id(order, view.point, view.view),
        room=order.kind,
        content=content.reshape(-1, 3),
        points_in_view=[b for a, v, b in visible if (a, v) == (view.point, view.view)],
    )


def _camera_id(order: Order, point: int, view: int) -> str:
    return f"{order.name}-{VIEWS_PER_POINT * point + view}"


def _matches(order: Order, fixations: list[Fixation], visible: Sight, point: int) -> dict[str, Any]:
    """The views that see a point without being aimed at it."""
    views = [
        (a, view, _camera_id(order, a, view), pixel)
        for (a, view, b), pixel in visible.items()
        if b == point
    ]
    return nonfixated_matches(point, fixations[point].point, views, order.size)
