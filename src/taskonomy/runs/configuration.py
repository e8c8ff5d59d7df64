"""What a run is asked for, and the whole configuration that this comes to.

A run is asked for by the name of a profile of the params.yaml that comes with the package (every
image holds it) and by what differs from that profile. The first step makes the whole configuration
of it and keeps it in the store; every other step reads it there, by a short key.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from taskonomy.config import Config, check, load, read, sections
from taskonomy.errors import BadInput
from taskonomy.files import shipped
from taskonomy.store import Store, digest

STAGE, _FILE = "configurations", "configuration.json"

FIELDS: Mapping[str, tuple[str, ...]] = {
    "dictionary": ("dictionary",),
    "seed": ("seed",),
    "tasks": ("tasks",),
    "images": ("data", "images"),
    "regimes": ("regimes",),
    "budgets": ("taxonomy", "budgets"),
}
"""What people change most: a run takes these by parameters of their own; the key of each."""
_NUMBERS = ("seed", "images")


def effective(
    *, profile: str, overrides: Mapping[str, Any], **fields: str | Sequence[Any]
) -> Config:
    """The whole configuration of a run.

    Args:
        profile: a profile of the params.yaml that comes with the package; or a name of its own for
            values that `overrides` give whole.
        overrides: other values, nested as in params.yaml. A number may come as a float.
        fields: values of `FIELDS` by name, a list, or a number as a string; empty means the
            profile's.

    Raises:
        BadInput: a profile, key or value is wrong, or a value is given twice; the line names it.
    """
    given = _whole_numbers(overrides)
    if "profile" in given:
        raise BadInput("overrides.profile: unknown key; expected the parameter profile")
    for name, value in fields.items():
        if value not in ("", [], ()):
            _put(given, name, value)
    try:
        values = read(shipped("params.yaml"), profile)
    except BadInput:
        if not overrides:
            raise
        values = {}
    for key, value in given.items():
        if (
            key in sections()
            and isinstance(value, Mapping)
            and isinstance(values.get(key), Mapping)
        ):
            values[key] = {**values[key], **value}
        else:
            values[key] = value
    return check(values, profile, f"the run's parameters: {profile}")


def parameters(config: Config) -> dict[str, Any]:
    """A configuration as a run is asked for it: the inverse of `effective`, by its arguments."""
    whole = json.loads(config.to_json())
    profile = whole.pop("profile")
    try:
        usual = json.loads(load(shipped("params.yaml"), profile).to_json())
    except BadInput:
        usual = {}
    overrides = {}
    for key, value in whole.items():
        if key in usual and key in sections():
            value = {name: of for name, of in value.items() if of != usual[key][name]}
            if value:
                overrides[key] = value
        elif key not in usual or value != usual[key]:
            overrides[key] = value
    fields = {name: _taken(overrides, path) for name, path in FIELDS.items()}
    for name in _NUMBERS:
        fields[name] = "" if fields[name] == [] else str(fields[name])
    return {"profile": profile, **fields, "overrides": overrides}


def keep(store: Store, config: Config) -> str:
    """Write a configuration into the store; return its key, the hash of its content."""
    text = config.to_json()
    key = key_of(text)
    if not store.finished(STAGE, key):
        store.write_bytes(text.encode(), STAGE, key, _FILE)
        store.finish(STAGE, key)
    return key


def kept(store: Store, key: str) -> str:
    """A configuration of the store, as `Config.to_json` writes it.

    Raises:
        BadInput: there is none by that key, or it is not what the key says.
    """
    place = store.path(STAGE, key)
    if not store.finished(STAGE, key):
        raise BadInput(
            f"{place}: no finished configuration; expected the key that the first step of a run "
            "has handed on"
        )
    text = store.read_bytes(STAGE, key, _FILE).decode()
    if key_of(text) != key:
        raise BadInput(f"{place}: found other content than its name says; expected {key}")
    return text


def key_of(text: str) -> str:
    """The key of a configuration, from its canonical JSON."""
    return digest(configuration=text)


def page(config: Config) -> str:
    """A configuration to read: Markdown, with what differs from the profile in front."""
    whole = json.loads(config.to_json())
    changed = {
        name: value for name, value in parameters(config).items() if value and name != "profile"
    }
    said = f"changed: `{json.dumps(changed)}`" if changed else "unchanged"
    listed = yaml.safe_dump({whole.pop("profile"): whole}, sort_keys=False, allow_unicode=True)
    return f"# Configuration\n\nProfile {config.profile}, {said}.\n\n```yaml\n{listed}```\n"


def _put(given: dict[str, Any], name: str, value: Any) -> None:
    """Put the value of a field of `FIELDS` where it belongs."""
    *section, key = FIELDS[name]
    inside = given.setdefault(section[0], {}) if section else given
    if not isinstance(inside, dict):
        return  # what is wrong with it is told where all values are checked
    if key in inside:
        raise BadInput(
            f"{name} and overrides.{'.'.join(FIELDS[name])}: both are given; expected one"
        )
    inside[key] = _number(name, value) if name in _NUMBERS else _whole_numbers(value)


def _taken(overrides: dict[str, Any], path: Sequence[str]) -> Any:
    """Take a value out of nested overrides; an empty list where there is none, or it is empty."""
    *section, key = path
    inside = overrides.get(section[0], {}) if section else overrides
    if inside.get(key, []) == []:
        return []  # an empty value means the profile's: one that is meant stays where it is
    value = inside.pop(key)
    if section and not inside:
        del overrides[section[0]]
    return value


def _number(name: str, text: Any) -> int:
    try:
        return int(str(text))
    except ValueError as error:
        raise BadInput(f"{name}: found {text!r}; expected a whole number, or nothing") from error


def _whole_numbers(value: Any) -> Any:
    """Plain data; what Kubeflow carries as 16.0 is 16."""
    if isinstance(value, Mapping):
        return {key: _whole_numbers(of) for key, of in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_numbers(of) for of in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
