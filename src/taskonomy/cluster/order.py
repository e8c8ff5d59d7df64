"""What is sent to a cluster: a pipeline's version, and the parameters of one run of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskonomy.cluster import compiled, revision
from taskonomy.cluster.compiled import Compiled
from taskonomy.cluster.site import site
from taskonomy.config import Config
from taskonomy.errors import BadInput


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
    """

    pipeline: Compiled
    version: str
    name: str
    experiment: str
    account: str
    parameters: Mapping[str, Any]


def order(pipeline: str, config: Config, given: Sequence[str], experiment: str) -> Order:
    """An order to run a pipeline with a profile.

    Args:
        pipeline: a name or a file, as `compiled.read` takes it.
        config: the profile; what the pipeline has a parameter `config` for.
        given: `NAME=VALUE` for the pipeline's other parameters; `tracking` is MLflow's service of
            k8s/ unless it is given.
        experiment: what the run belongs to.

    Raises:
        BadInput: the pipeline, a parameter's name or a value is wrong.
    """
    read = compiled.read(pipeline)
    known = {parameter.name for parameter in read.parameters}
    usual = {"config": config.to_json(), "tracking": site().tracking}
    values = {name: value for name, value in usual.items() if name in known} | _pairs(given)
    version = revision.name(read.path)
    return Order(
        pipeline=read,
        version=version,
        name=f"{read.name} {config.profile} {version}",
        experiment=experiment,
        account=site().account,
        parameters=compiled.arguments(read, values),
    )


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadInput(f"--set: found {text!r}; expected NAME=VALUE")
        pairs[name] = value
    return pairs
