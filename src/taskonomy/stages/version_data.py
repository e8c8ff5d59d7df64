"""The stage version-data."""

import os
from pathlib import Path

from taskonomy.config import Config
from taskonomy.runs.context import Context
from taskonomy.runs.dataset import declared_dictionary, now, record
from taskonomy.store import Store, code_version, digest


def version_data(context: Context, source: str) -> str:
    """Render rooms or point at data, verify it, and record its version.

    Args:
        context: where and how to run.
        source: folder of a data set in the Taskonomy layout; empty renders the embedded rooms.

    Returns:
        The data set's key; `version-data/<key>/dataset.json` holds its folder, the hash of its
        content, DVC's version, splits, the tasks it has labels for and those it has none for, with
        the reason.

    Raises:
        BadInput: the data set is faulty or lacks labels that it should have.
    """
    started = now()
    store, config = context.open()
    declared_dictionary(
        store, config, context.tracking
    )  # a wrong one is named before anything is rendered
    root = Path(source).resolve() if source else _render(store, config)
    return record(context, root, source, started)


def _render(store: Store, config: Config) -> Path:
    """The embedded rooms of this profile and seed, rendered once."""
    from taskonomy.rooms.dataset import render_dataset

    key = digest(
        data=config.data.model_dump(exclude={"left_out"}),
        seed=config.seed,
        code=code_version(
            "rooms",
            "data/operators",
            *(
                f"data/{name}.py"
                for name in ("cameras", "classes", "codecs", "labels", "layout", "stencils")
            ),
        ),
    )
    root = Path(store.path("rooms", key))
    workers = len(os.sched_getaffinity(0))
    render_dataset(root, config.data.images, config.data.size, config.seed, workers)
    return root
