"""Kubeflow Pipelines' API (REST v2beta1) through kfp's own client; what goes wrong is one line."""

import io
import json
import os
import re
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import urllib3
from kfp import Client
from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials
from kfp_server_api import (
    ApiException,
    V2beta1Experiment,
    V2beta1Pipeline,
    V2beta1PipelineVersionReference,
    V2beta1Run,
    V2beta1RuntimeConfig,
)

from taskonomy.cluster.site import site
from taskonomy.errors import BadInput
from taskonomy.text import read_text

# The first with dsl.Collected, display names inside loops and pools by parameters
# (kubeflow/pipelines#11725, #11938, #12028).
OLDEST = (2, 14, 0)
LIVE = ("PENDING", "RUNNING", "CANCELING", "PAUSED", "RUNTIME_STATE_UNSPECIFIED", None)

_ENDPOINT = "KF_PIPELINES_ENDPOINT"
_UI = "KF_PIPELINES_UI_ENDPOINT"
_TOKEN = ("KF_PIPELINES_SA_TOKEN_PATH", "/var/run/secrets/kubeflow/pipelines/token")
_SECONDS = 30
_EQUALS = 1


class Unreachable(BadInput):
    """The server gave no answer, which may pass."""


class Refused(BadInput):
    """The server answered with an error."""


class Backend:
    """A server of Kubeflow Pipelines.

    Args:
        host: its address; empty: KF_PIPELINES_ENDPOINT, else the cluster that this process runs in,
            else the one of kubectl's configuration.
        token: a file with a bearer token; None: the token that Kubeflow mounts into pods, else what
            kfp's own configuration says.
        namespace: where runs execute; a server for one user alone has its own.

    Raises:
        BadInput: no server is known or none answers, it refuses the token, or it is too old.
    """

    def __init__(self, host: str, token: Path | None, namespace: str) -> None:
        self.host = host or os.environ.get(_ENDPOINT, "")
        self._place = self.host or "the cluster"
        self._client = _client(self.host, token)
        facts = self._facts()
        self.version: str = facts.get("tag_name", "unknown")
        self.namespace = namespace if facts.get("multi_user") else None
        self._check_version()

    def link(self, run: str) -> str:
        """Where people see a run."""
        pages = os.environ.get(_UI) or self.host
        return f"{pages.rstrip('/')}/#/runs/details/{run}" if pages else f"run {run}"

    def pipeline_version(self, package: Path, pipeline: str, version: str) -> tuple[str, str, bool]:
        """The ids of a pipeline and of its version, and whether the version was uploaded now."""
        found = self._ask(
            self._client.pipelines.pipeline_service_list_pipelines,
            filter=_named(pipeline),
            namespace=self.namespace,
        )
        scope = {"namespace": self.namespace} if self.namespace else {}
        if found.pipelines:
            identity = found.pipelines[0].pipeline_id
        else:
            # Uploading a pipeline would store a version under the pipeline's name beside ours.
            asked = V2beta1Pipeline(display_name=pipeline, **scope)
            create = self._client.pipelines.pipeline_service_create_pipeline
            identity = self._ask(create, pipeline=asked).pipeline_id
        known = self._ask(
            self._client.pipelines.pipeline_service_list_pipeline_versions,
            pipeline_id=identity,
            filter=_named(version),
        )
        if known.pipeline_versions:
            return identity, known.pipeline_versions[0].pipeline_version_id, False
        uploaded = self._ask(
            self._client.pipeline_uploads.upload_pipeline_version,
            uploadfile=str(package),
            name=version,
            pipelineid=identity,
        )
        return identity, uploaded.pipeline_version_id, True

    def experiment(self, name: str) -> str:
        """The id of an experiment, made if absent."""
        service = self._client.experiments
        scope = {"namespace": self.namespace} if self.namespace else {}
        found = self._ask(service.experiment_service_list_experiments, filter=_named(name), **scope)
        if found.experiments:
            return str(found.experiments[0].experiment_id)
        asked = V2beta1Experiment(display_name=name, **scope)
        made = self._ask(service.experiment_service_create_experiment, experiment=asked)
        return str(made.experiment_id)

    def start(
        self,
        *,
        name: str,
        experiment: str,
        pipeline: str,
        version: str,
        parameters: Mapping[str, Any],
        account: str,
    ) -> str:
        """Start a run of a pipeline version; return its id."""
        asked = V2beta1Run(
            display_name=name,
            experiment_id=experiment,
            pipeline_version_reference=V2beta1PipelineVersionReference(
                pipeline_id=pipeline, pipeline_version_id=version
            ),
            runtime_config=V2beta1RuntimeConfig(parameters=dict(parameters)),
            service_account=account,
        )
        made = self._ask(self._client.runs.run_service_create_run, run=asked)
        return str(made.run_id)

    def again(self, run: V2beta1Run) -> str:
        """Start a new run of the same version with the same parameters; return its id."""
        asked = V2beta1Run(
            display_name=run.display_name,
            experiment_id=run.experiment_id,
            pipeline_version_reference=run.pipeline_version_reference,
            runtime_config=run.runtime_config,
            service_account=run.service_account,
        )
        made = self._ask(self._client.runs.run_service_create_run, run=asked)
        return str(made.run_id)

    def run(self, identity: str) -> V2beta1Run:
        """A run as it stands."""
        return self._ask(self._client.runs.run_service_get_run, run_id=identity)

    def retry(self, identity: str) -> None:
        """Start again the failed steps of a run.

        Raises:
            Refused: the backend cannot.
        """
        self._ask(self._client.runs.run_service_retry_run, run_id=identity)

    def _facts(self) -> dict[str, Any]:
        """What the server says of itself; kfp's own model leaves the version out."""
        answer = self._ask(
            self._client.healthzs.healthz_service_get_healthz, _preload_content=False
        )
        try:
            facts = json.loads(answer.data)
        except ValueError:
            facts = None
        if not isinstance(facts, dict) or "multi_user" not in facts:
            raise BadInput(
                f"{self._place}: no API v2beta1 of Kubeflow Pipelines there; expected the address "
                "that its pages or its server have"
            )
        return facts

    def _check_version(self) -> None:
        """A server built without a version's name is taken as it is."""
        found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.version)
        if found and tuple(map(int, found.groups())) < OLDEST:
            raise BadInput(
                f"{self._place}: Kubeflow Pipelines {self.version}; expected "
                f"{'.'.join(map(str, OLDEST))} or newer"
            )

    def _ask(self, call: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return call(**arguments, _request_timeout=_SECONDS)
        except ApiException as error:
            raise self._explained(error) from error
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise Unreachable(
                f"{self._place}: no answer ({_line(reason)}); expected a server of Kubeflow "
                "Pipelines"
            ) from error

    def _explained(self, error: ApiException) -> BadInput:
        if error.status == 401:
            return Refused(
                f"{self._place}: 401 {error.reason}: the token is not accepted; expected one for "
                "the audience pipelines.kubeflow.org (kubectl create token NAME --audience "
                "pipelines.kubeflow.org)"
            )
        if error.status == 403:
            return Refused(
                f"{self._place}: 403 {error.reason}: the token is known, a right is missing "
                f"({_message(error)}); expected a role in the runs' namespace as "
                f"{site().submitter}'s (k8s/base/accounts.yaml)"
            )
        if error.status in (502, 503, 504):
            return Unreachable(f"{self._place}: {error.status} {error.reason}; expected an answer")
        return Refused(f"{self._place}: {error.status}: {_message(error)}")


def _client(host: str, token: Path | None) -> Client:
    if not host and not _configured():
        raise BadInput(
            f"--host: found none; expected an address, {_ENDPOINT}, or kubectl's configuration"
        )
    options: dict[str, Any] = {}
    if token is not None:
        try:
            options["existing_token"] = read_text(token).strip()
        except FileNotFoundError as error:
            raise BadInput(f"{token}: no readable token; expected a file with one") from error
    elif Path(os.environ.get(*_TOKEN)).is_file():
        options["credentials"] = ServiceAccountTokenVolumeCredentials()
    if host:
        # With any namespace but its default, kfp asks nothing of the server yet; each call names
        # its own.
        options["namespace"] = site().namespace
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.filterwarnings("ignore", message="This client only works with")
        return Client(host=host or None, **options)


def _configured() -> bool:
    inside = "KUBERNETES_SERVICE_HOST" in os.environ
    config = os.environ.get("KUBECONFIG", str(Path.home() / ".kube" / "config"))
    return inside or any(Path(path).is_file() for path in config.split(os.pathsep))


def _named(name: str) -> str:
    predicate = {"operation": _EQUALS, "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def _message(error: ApiException) -> str:
    """The message in the body, as Kubeflow's gateway writes it."""
    try:
        body = json.loads(error.body)
        return _line(body.get("message") or body["error"])
    except (TypeError, ValueError, KeyError, AttributeError):
        return _line(error.body or error.reason)


def _line(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return " ".join(text.split())[:300]
