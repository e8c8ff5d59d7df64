"""Values that schemas take for any string: quantities, labels, disruption budgets."""

import re
from collections.abc import Iterator
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from k8s.checks.manifests import Finding, Object, Overlay, show, walk

# The API's own grammar of a quantity; the client library's parser takes more.
QUANTITY = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?(\d+(\.\d*)?|\.\d+))?"
)
NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

LABEL = "a label's value: at most 63 letters, digits, '-', '_' and '.'"
MAPS_OF_QUANTITIES = ("requests", "limits", "default", "defaultRequest", "max", "min", "hard")
MAPS_OF_LABELS = ("labels", "matchLabels", "nodeSelector", "nodeLabels", "selector")
PAIRS = (("requests", "limits"), ("defaultRequest", "default"), ("default", "max"))


def check(overlay: Overlay) -> Iterator[Finding]:
    """Quantities parse and are in order, labels are labels, a budget says one thing."""
    for item in overlay.objects:
        where = overlay.where(item)
        yield from _quantities(item, where)
        yield from _labels(item, where)
    for item in overlay.of("PodDisruptionBudget"):
        if {"minAvailable", "maxUnavailable"} <= set(item["spec"]):
            yield Finding(overlay.where(item), "minAvailable beside maxUnavailable", "one of them")


def _quantities(item: Object, where: str) -> Iterator[Finding]:
    good = True
    for place, value in walk(item):
        name = place.rsplit(".", 1)[-1]
        for key, text in _entries(name, value):
            if not QUANTITY.fullmatch(str(text)):
                good = False
                yield Finding(where, f"{place}{key}: {show(text)}", "a quantity, as 500m or 2Gi")
    if not good:
        return
    for place, value in walk(item):
        if isinstance(value, dict):
            yield from _order(value, where, place)


def _entries(name: str, value: Any) -> list[tuple[str, Any]]:
    if name in MAPS_OF_QUANTITIES and isinstance(value, dict):
        return [(f".{key}", text) for key, text in value.items()]
    return [("", value)] if name in ("sizeLimit", "nominalQuota") else []


def _order(value: Object, where: str, place: str) -> Iterator[Finding]:
    for low, high in PAIRS:
        lows, highs = value.get(low), value.get(high)
        if not isinstance(lows, dict) or not isinstance(highs, dict):
            continue
        for key in lows.keys() & highs.keys():
            if parse_quantity(lows[key]) > parse_quantity(highs[key]):
                found = f"{place}.{low}.{key}: {lows[key]}"
                yield Finding(where, found, f"at most {high}.{key}, {highs[key]}")


def _labels(item: Object, where: str) -> Iterator[Finding]:
    for place, value in walk(item):
        if place.rsplit(".", 1)[-1] not in MAPS_OF_LABELS or not isinstance(value, dict):
            continue
        for key, text in value.items():
            if isinstance(text, (dict, list)):
                continue  # a selector of the newer kind: its parts are walked by themselves
            prefix, slash, name = key.rpartition("/")
            if not NAME.fullmatch(name) or (slash and not PREFIX.fullmatch(prefix)):
                yield Finding(
                    where, f"{place}: key {show(key)}", "a label's key, as prefix.org/name"
                )
            if not isinstance(text, str) or (text and not NAME.fullmatch(text)):
                yield Finding(where, f"{place}.{key}: {show(text)}", LABEL)
