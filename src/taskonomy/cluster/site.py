"""Names of what stands on the cluster, read from the manifests in k8s/ that declare them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import yaml

from taskonomy.files import shipped


class Secret(NamedTuple):
    """A secret that must exist.

    Attributes:
        name: its name.
        keys: what it must hold.
        optional: what it holds as well, unless `without` is the case.
        without: when it needs none of the optional keys.
    """

    name: str
    keys: tuple[str, ...]
    optional: tuple[str, ...]
    without: str


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the manifests call things.

    Attributes:
        namespace: where runs execute.
        profile: the labels that make the namespace a profile of Kubeflow's.
        account: the service account of the pipeline's pods.
        rules: what it may do, as its role says.
        submitter: the account that may submit runs.
        submitter_rules: what it may do; whoever submits needs the same.
        mlflow: the name of MLflow's service.
        mlflow_port: its port.
        secrets: the secrets that must exist.
        priorities: the priority classes.
        quota: the name of the namespace's ResourceQuota.
        queue: the LocalQueue that training waits in.
        flavors: the node labels of each pool of GPUs, as the base declares them.
    """

    namespace: str
    profile: Mapping[str, str]
    account: str
    rules: tuple[Mapping[str, Any], ...]
    submitter: str
    submitter_rules: tuple[Mapping[str, Any], ...]
    mlflow: str
    mlflow_port: int
    secrets: tuple[Secret, ...]
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
    # The file lists the pods' account first.
    pods, submitter = _objects("base/accounts.yaml", "RoleBinding")
    roles = {role["metadata"]["name"]: role for role in _objects("base/accounts.yaml", "Role")}
    (namespace,) = _objects("base/namespace/namespace.yaml", "Namespace")
    (service,) = _objects("base/mlflow.yaml", "Service")
    (quota,) = _objects("base/limits.yaml", "ResourceQuota")
    (queue,) = _objects("queues/queues.yaml", "LocalQueue")
    secrets = yaml.safe_load(shipped("k8s", "secrets.yaml").read_text())
    return Site(
        namespace=namespace["metadata"]["name"],
        profile={
            key: value
            for key, value in namespace["metadata"]["labels"].items()
            if not key.startswith("pod-security.")
        },
        account=pods["subjects"][0]["name"],
        rules=tuple(roles[pods["roleRef"]["name"]]["rules"]),
        submitter=submitter["subjects"][0]["name"],
        submitter_rules=tuple(roles[submitter["roleRef"]["name"]]["rules"]),
        mlflow=service["metadata"]["name"],
        mlflow_port=service["spec"]["ports"][0]["port"],
        secrets=tuple(
            Secret(name, tuple(of["keys"]), tuple(of.get("optional", ())), of.get("without", ""))
            for name, of in secrets.items()
        ),
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
