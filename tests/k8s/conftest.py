"""A good overlay, and a way to break it in one place."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from k8s.checks.manifests import Overlay

GOOD = list(yaml.safe_load_all(Path(__file__).with_name("good.yaml").read_text()))
FLOWS = {
    "peers": {
        "server": {"workload": "server"},
        "client": {"namespace": "site", "labels": {"app": "client"}},
        "stranger": {"namespace": "elsewhere", "labels": {"app": "client"}},
        "store": {"address": "192.0.2.10"},
        "hole": {"address": "192.0.2.200"},
    },
    "allowed": [
        {"from": "client", "to": "server", "port": 8080},
        {"from": "server", "to": "store", "port": 443},
    ],
    "denied": [
        {"from": "stranger", "to": "server", "port": 8080},
        {"from": "client", "to": "store", "port": 443},
        {"from": "client", "to": "server", "port": 22},
        {"from": "server", "to": "store", "port": 80},
        {"from": "server", "to": "hole", "port": 443},
    ],
}
GONE = object()
"""The value that removes an entry."""


def overlay(name: str = "good") -> Overlay:
    """An overlay of the good manifest."""
    return Overlay(name, deepcopy(GOOD), deepcopy(FLOWS), {"login": ["password"]})


def broken(item: str, path: str, value: Any, name: str = "good") -> Overlay:
    """The good overlay with a value at a path (`a|0|b`) of the object `kind/name`."""
    made = overlay(name)
    place: Any = next(entry for entry in made.objects if made.where(entry) == f"{name}/{item}")
    *way, last = [int(step) if step.isdigit() else step for step in path.split("|")]
    for step in way:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return made
