"""What a step needs of a cluster: a name, resources, a pool of GPU nodes, a queue, secrets.

Asserted on the compiled pipeline; `kfp.local` reads none of it. The names are those of k8s/.
"""

from typing import Any

from kfp import dsl, kubernetes
from kfp.dsl.pipeline_context import Pipeline

SPOT = {
    "selector": {"taskonomy/pool": "spot"},
    "tolerations": [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "taskonomy/spot", "operator": "Exists", "effect": "NoSchedule"},
    ],
    "affinity": {},
    "gpu": "nvidia.com/gpu",
    "gpus": "1",
}
"""The pool of the first attempts; its keys are those of `taskonomy.stages.pools.Pool`."""
ON_DEMAND = {
    "selector": {"taskonomy/pool": "on-demand"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {},
    "gpu": "nvidia.com/gpu",
    "gpus": "1",
}
"""The pool of the last attempt."""

# Labels of pods are fixed when a pipeline is compiled; Kubeflow fills no parameter in there.
QUEUE = {
    "kueue.x-k8s.io/queue-name": "taskonomy",
    "kueue.x-k8s.io/priority-class": "taxonomy-training",
}
"""Kueue's LocalQueue and WorkloadPriorityClass of k8s/queues; without Kueue they say nothing."""

_MLFLOW = {"username": "MLFLOW_TRACKING_USERNAME", "password": "MLFLOW_TRACKING_PASSWORD"}
_STORE = {"access-key-id": "AWS_ACCESS_KEY_ID", "secret-access-key": "AWS_SECRET_ACCESS_KEY"}
_ENDPOINT = {"endpoint-url": "AWS_ENDPOINT_URL_S3"}


def step(
    task: dsl.PipelineTask,
    name: str,
    *,
    cpu: str,
    memory: str,
    secret: str,
    scratch: str = "10Gi",
    mlflow: str | None = None,
) -> dsl.PipelineTask:
    """Name a step for people, state what it needs, and leave caching to the store.

    Kubeflow's cache knows neither the code inside a mutable tag nor what lies in the store; a stage
    skips by itself what is finished. Requests equal limits, which Kubernetes takes for a request
    where none is said: such a pod is the last to be evicted.

    Args:
        task: the step.
        name: what it does, for the graph of a run.
        cpu, memory: as Kubernetes writes quantities.
        secret: name of the secret with the keys to the store.
        scratch: size of the pod's own disk, where it keeps what it fetched.
        mlflow: name of the secret with MLflow's password, for the steps that tell MLflow.
    """
    task.set_display_name(name)
    task.set_caching_options(False)
    task.set_cpu_limit(cpu).set_memory_limit(memory)
    task.set_env_variable("TASKONOMY_IMAGE", task.container_spec.image)
    task.set_env_variable("TASKONOMY_PIPELINE", Pipeline.get_default_pipeline().name)
    kubernetes.use_field_path_as_env(task, "KFP_RUN_ID", "metadata.labels['pipeline/runid']")
    kubernetes.set_security_context(task, run_as_non_root=True)
    kubernetes.empty_dir_mount(task, "scratch", "/tmp", size_limit=scratch)
    kubernetes.use_secret_as_env(task, secret, _STORE)
    kubernetes.use_secret_as_env(task, secret, _ENDPOINT, optional=True)
    if mlflow is not None:
        kubernetes.use_secret_as_env(task, mlflow, _MLFLOW)
    return task


def training(task: dsl.PipelineTask, name: str, pool: dsl.PipelineTask, **needs: Any) -> None:
    """A step of training: as `step`, on the GPUs of the pool that an earlier step has chosen.

    Args:
        task: the step.
        name: as in `step`.
        pool: the step whose outputs name the pool.
        needs: as in `step`.
    """
    step(task, name, scratch="50Gi", **needs)
    for key, value in QUEUE.items():
        kubernetes.add_pod_label(task, key, value)
    kubernetes.add_node_selector_json(task, pool.outputs["selector"])
    kubernetes.add_toleration_json(task, pool.outputs["tolerations"])
    kubernetes.add_node_affinity_json(task, pool.outputs["affinity"])
    gpu, gpus = pool.outputs["gpu"], pool.outputs["gpus"]
    task.set_accelerator_type(gpu).set_accelerator_limit(gpus)
    # kfp 2.17 carries into a loop what a step's inputs and kfp.kubernetes use, not its resources.
    task.register_pipeline_channels([gpu, gpus, needs["cpu"], needs["memory"]])
