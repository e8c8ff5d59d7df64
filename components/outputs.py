"""Outputs that several components have.

The list of a loop's items is named `Output`: kfp.local takes them from no other output.
"""

from typing import NamedTuple

_SHARDS = [
    ("key", str),
    ("Output", list),
    ("selector", dict),
    ("tolerations", list),
    ("affinity", dict),
    ("gpu", str),
    ("gpus", str),
]


def listed_shards() -> type:
    """The outputs of a component that lists a loop's shards and chooses their pool of nodes."""
    return NamedTuple("ListedShards", _SHARDS)


def shards_and_configuration() -> type:
    """The same, of a component that makes the run's configuration as well."""
    return NamedTuple("ShardsAndConfiguration", [*_SHARDS, ("config", str)])


def data_and_configuration() -> type:
    """The outputs of a component that makes the run's configuration and records its data."""
    return NamedTuple("DataAndConfiguration", [("Output", str), ("config", str)])
