"""What is sent to a cluster: a pipeline's version, and the parameters of one run of it."""

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskonomy.cluster import compiled, revision
from taskonomy.cluster.compiled import Compiled
from taskonomy.cluster.site import site
from taskonomy.config import Config
from taskonomy.errors import BadInput
from taskonomy.runs import configuration


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is sent.

    Attributes:
        pipeline: what is run.
        version: the name of its version.
        name: what the run is called.
        experiment: what it belongs to.
        account: the service account of its pods.
        parameters: the pipeline's parameters that differ from its defaults.
        config: the configuration that they come to; for a pipeline that takes none, the profile
            that its costs are computed with.
    """

    pipeline: Compiled
    version: str
    name: str
    experiment: str
    account: str
    parameters: Mapping[str, Any]
    config: Config


def order(pipeline: str, config: Config, given: Sequence[str], experiment: str) -> Order:
    """An order to run a pipeline with a profile.

    Args:
        pipeline: a name or a file, as `compiled.read` takes it.
        config: the profile, for a pipeline that takes one: it is sent by its name, with what
            differs from the profile of that name that the images hold.
        given: `NAME=VALUE` for the pipeline's parameters, which come before the profile's.
        experiment: what the run belongs to.

    Raises:
        BadInput: the pipeline, a parameter's name or a value is wrong.
    """
    read = compiled.read(pipeline)
    known = {parameter.name for parameter in read.parameters}
    values = {**_of_profile(config, known), **_pairs(given)}
    arguments = compiled.arguments(read, values)
    if "profile" in known:
        config = asked(arguments)
    version = revision.name(read.path)
    return Order(
        pipeline=read,
        version=version,
        name=f"{read.name} {config.profile} {version}",
        experiment=experiment,
        account=site().account,
        parameters=arguments,
        config=config,
    )


def asked(arguments: Mapping[str, Any]) -> Config:
    """The configuration that a run's first step will make of its parameters.

    Raises:
        BadInput: it will find one wrong; the line names it.
    """
    fields = {name: arguments[name] for name in configuration.FIELDS if name in arguments}
    overrides = arguments.get("overrides", {})
    return configuration.effective(
        profile=arguments.get("profile", "demo"), overrides=overrides, **fields
    )


def _of_profile(config: Config, known: Container[str]) -> dict[str, str]:
    """A profile as a run's parameters, written as people write them; those that say nothing not."""
    sent = configuration.parameters(config)
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in sent.items()
        if name in known and value not in ("", [], {})
    }


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadInput(f"--set: found {text!r}; expected NAME=VALUE")
        pairs[name] = value
    return pairs
