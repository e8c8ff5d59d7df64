"""Parameters that several pipelines have, said once.

A group is a NamedTuple. A pipeline's function takes it as one argument; to Kubeflow each of its
fields is a parameter of its own, with the field's type, default and description.
"""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, NamedTuple

from kfp import dsl

from components.descriptions import complete, parse
from pipelines.lean import make_lean
from pipelines.steps import ON_DEMAND, SPOT
from taskonomy.cluster.site import site


class Run(NamedTuple):
    """What a run trains, and where it keeps and tells what it finds.

    Attributes:
        store: Root of the store, a folder or an object-store URL.
        tracking: MLflow's tracking URI; a server's where pods run on several machines.
        profile: A profile of the params.yaml that the images hold, as demo, full or paper. What
            follows changes single values of it; left empty, they are the profile's.
        dictionary: Places of Python files that declare tasks of your own; URLs of the object store,
            or files that every pod sees.
        seed: A whole number, which everything random follows from.
        tasks: Names of the tasks to train.
        images: How many images the embedded rooms have.
        regimes: Sizes of the transfer set in images, the one that is shown first in front.
        budgets: Budgets to solve taxonomies for, each a whole number.
        overrides: Any other keys of params.yaml, nested as there; for instance
            {"transfer": {"steps": 400}}.
    """

    store: str
    tracking: str = site().tracking
    profile: str = "demo"
    dictionary: list = []  # noqa: RUF012
    seed: str = ""
    tasks: list = []  # noqa: RUF012
    images: str = ""
    regimes: list = []  # noqa: RUF012
    budgets: list = []  # noqa: RUF012
    overrides: dict = {}  # noqa: RUF012

    def context(self, first: dsl.PipelineTask) -> dict[str, Any]:
        """The inputs of a step after the first, which has made the configuration."""
        config = first.outputs["config"]
        return {"store": self.store, "tracking": self.tracking, "config": config}


class Cluster(NamedTuple):
    """What a run's pods run on, and the secrets that they take.

    Attributes:
        spot: Pool of GPU nodes for the first attempts at training. Keys: selector (their labels),
            tolerations (a list), affinity (a NodeAffinity), gpu (the GPUs' resource name), gpus
            (how many a pod gets, as a string).
        on_demand: Pool of GPU nodes for the last attempt; the same keys.
        spot_attempts: How often a shard may be lost before a run trains its loop on demand.
        training_cpu: CPUs of a training pod.
        training_memory: Memory of a training pod.
        store_secret: Secret with the store's access-key-id and secret-access-key, and its
            endpoint-url unless it is at AWS.
        mlflow_secret: Secret with username and password of MLflow's server.
    """

    spot: dict = SPOT
    on_demand: dict = ON_DEMAND
    spot_attempts: int = 2
    training_cpu: str = "4"
    training_memory: str = "16Gi"
    store_secret: str = "object-store"
    mlflow_secret: str = "mlflow-client"

    def pools(self) -> dict[str, Any]:
        """The inputs of a step that chooses a pool of nodes."""
        return {
            "spot": self.spot,
            "on_demand": self.on_demand,
            "spot_attempts": self.spot_attempts,
        }

    def training(self) -> dict[str, Any]:
        """What a step of training needs, as `steps.training` takes it."""
        return {
            "cpu": self.training_cpu,
            "memory": self.training_memory,
            "secret": self.store_secret,
            "mlflow": self.mlflow_secret,
        }


def pipeline(name: str, display_name: str) -> Callable[[Callable[..., Any]], Any]:
    """A decorator as `dsl.pipeline`, for a function that may take groups.

    What the function's own docstring says of a group's field stands in place of the group's words.

    Args:
        name: the pipeline's name, for Kubeflow.
        display_name: its name for people.
    """

    def declare(function: Callable[..., Any]) -> Any:
        taken = signature(function)
        groups = {
            key: argument.annotation
            for key, argument in taken.parameters.items()
            if hasattr(argument.annotation, "_fields")
        }
        parameters: list[Parameter] = []
        common: dict[str, str] = {}
        for key, argument in taken.parameters.items():
            if key in groups:
                parameters += signature(groups[key]).parameters.values()
                common |= parse(groups[key].__doc__).inputs
            else:
                parameters.append(argument)
        # Python's order: what must be given stands before what has a default.
        parameters.sort(key=lambda parameter: parameter.default is not Parameter.empty)
        flat = taken.replace(parameters=parameters)

        def lay_out(*values: Any) -> Any:
            left = flat.bind(*values).arguments
            gathered = {
                key: group(*(left.pop(field) for field in group._fields))
                for key, group in groups.items()
            }
            return function(**gathered, **left)

        # What kfp reads of a function: its name, its signature and its docstring.
        lay_out.__name__ = function.__name__
        lay_out.__signature__ = flat
        lay_out.__doc__ = complete(str(function.__doc__), flat.parameters, ["Output"], common, {})
        made = dsl.pipeline(lay_out, name=name, display_name=display_name)
        make_lean(made.pipeline_spec)
        return made

    return declare
