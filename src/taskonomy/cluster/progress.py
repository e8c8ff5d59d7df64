"""The steps of a run, read from the list of Argo's nodes that Kubeflow gives of it.

A node says no more than its display name and its state. A step appears as `X`, its attempts as
`X(0)`, `X(1)`; its driver as `X-driver` and its pod as `executor`; around them stand the workflow,
`root`, loops and their iterations. Once Argo compresses its nodes (from 1 MiB on) the list stands
still: a run that has ended may have steps that seem to run. The run's own state is always true.
"""

import re
from collections import Counter
from typing import NamedTuple

from kfp_server_api import V2beta1PipelineTaskDetail, V2beta1Run

from taskonomy.cluster.backend import LIVE

_DRIVER = "-driver"
_ATTEMPT = re.compile(r"\(\d+\)$")
_AROUND = re.compile(
    r"root|executor|iteration-.*|(for-loop|condition|condition-branches|exit-handler)-\d+"
)


class Node(NamedTuple):
    """A node of a run: a step, its driver, or what stands around steps.

    Attributes:
        name: as Kubeflow shows it.
        state: of KFP's runtime states.
    """

    name: str
    state: str

    @property
    def live(self) -> bool:
        """Whether it has not ended, as far as the list says."""
        return self.state in LIVE

    @property
    def step(self) -> bool:
        """Whether it is a step."""
        return not (self.name.endswith(_DRIVER) or _AROUND.fullmatch(self.name))


def nodes(run: V2beta1Run) -> list[Node]:
    """Every node but the attempts and the workflow itself."""
    tasks = (run.run_details.task_details if run.run_details else None) or []
    return [
        Node(task.display_name, task.state or "PENDING")
        for task in tasks
        if task.display_name and not _ATTEMPT.search(task.display_name) and not _workflow(task)
    ]


def failures(found: list[Node]) -> list[str]:
    """What has failed, in words: steps and drivers; the loops around them where none is listed."""
    failed = {node.name for node in found if node.state == "FAILED"} - {"root", "executor"}
    steps = {name for name in failed if Node(name, "FAILED").step}
    drivers = {name for name in failed if name.endswith(_DRIVER)}
    words = {*steps, *(f"the driver of {name.removesuffix(_DRIVER)}" for name in drivers)}
    return sorted(words or failed)


def running(found: list[Node]) -> list[str]:
    """The steps that run, each once, with how many of its kind have ended where it is in a loop."""
    steps = [node for node in found if node.step]
    known = Counter(node.name for node in steps)
    live = Counter(node.name for node in steps if node.live)
    return [
        name if known[name] == 1 else f"{name} {known[name] - count}/{known[name]}"
        for name, count in sorted(live.items())
    ]


def _workflow(task: V2beta1PipelineTaskDetail) -> bool:
    """Whether this is the workflow: the names of its pods begin with its own."""
    pods = [child.pod_name or "" for child in task.child_tasks or []]
    return any(pod.rpartition("-")[0] == task.display_name for pod in pods)
