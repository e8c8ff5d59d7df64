"""Outputs that several components have.

kfp carries the text of a component's function into the pod, where `components` is not. Named by
`component(..., additional_funcs=[...])`, a function of this file is carried along.
"""

from typing import NamedTuple


def listed_shards() -> type:
    """The outputs of a component that lists a loop's shards and chooses their pool of nodes.

    One list, by the name `Output`: kfp.local takes a loop's items from no other output.
    """
    return NamedTuple(
        "ListedShards",
        [
            ("key", str),
            ("Output", list),
            ("selector", dict),
            ("tolerations", list),
            ("affinity", dict),
            ("gpu", str),
            ("gpus", str),
        ],
    )
