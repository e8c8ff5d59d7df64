"""Names of what stands on the cluster, read from the manifests in k8s/ that declare them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from taskonomy.files import shipped


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the manifests call things.

    Attributes:
        namespace: where runs execute.
        account: the service account of the pipeline's pods.
        rules: what it may do, as its role says.
        mlflow: the name of MLflow's service.
        mlflow_port: its port.
        secrets: the keys of each secret that must exist.
        priorities: the priority classes.
        quota: the name of the namespace's ResourceQuota.
        queue: the LocalQueue that training waits in.
        flavors: the node labels of each pool of GPUs, as the base declares them.
    """

    namespace: str
    account: str
    rules: tuple[Mapping[str, Any], ...]
    mlflow: str
    mlflow_port: int
    secrets: Mapping[str, tuple[str, ...]]
    priorities: tuple[str, ...]
    quota: str
    queue: str
    flavors: Mapping[str, Mapping[str, str]]

    @property
    def tracking(self) -> str:
        """MLflow's tracking URI, as pods reach it."""
        return f"http://{self.mlflow}.{self.namespace}:{self.mlflow_port}"


@cache
def site() -> Site:
    """The names of k8s/base and k8s/queues."""
    (binding,) = _objects("base/accounts.yaml", "RoleBinding")
    (role,) = _objects("base/accounts.yaml", "Role")
    (namespace,) = _objects("base/namespace/namespace.yaml", "Namespace")
    (service,) = _objects("base/mlflow.yaml", "Service")
    (quota,) = _objects("base/limits.yaml", "ResourceQuota")
    (queue,) = _objects("queues/queues.yaml", "LocalQueue")
    secrets = yaml.safe_load(shipped("k8s", "secrets.yaml").read_text())
    return Site(
        namespace=namespace["metadata"]["name"],
        account=binding["subjects"][0]["name"],
        rules=tuple(role["rules"]),
        mlflow=service["metadata"]["name"],
        mlflow_port=service["spec"]["ports"][0]["port"],
        secrets={name: tuple(entry["keys"]) for name, entry in secrets.items()},
        priorities=tuple(
            item["metadata"]["name"] for item in _objects("base/priorities.yaml", "PriorityClass")
        ),
        quota=quota["metadata"]["name"],
        queue=queue["metadata"]["name"],
        flavors={
            item["metadata"]["name"]: item["spec"]["nodeLabels"]
            for item in _objects("queues/queues.yaml", "ResourceFlavor")
        },
    )


def _objects(path: str, kind: str) -> Iterator[dict[str, Any]]:
    loaded = yaml.safe_load_all(shipped("k8s", *path.split("/")).read_text())
    return (item for item in loaded if item["kind"] == kind)
