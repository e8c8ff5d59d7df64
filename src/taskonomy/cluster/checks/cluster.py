"""The Kubernetes API: how it is asked, and what its errors mean."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import urllib3
from kubernetes import client, config
from kubernetes.client import ApiException

from taskonomy.cluster.checks.finding import Finding, unseen
from taskonomy.errors import BadInput

Look = tuple[str, Callable[[], Iterator[Finding]]]
"""What is looked at, in words, and how."""

_SECONDS = 10


class Forbidden(Exception):
    """The API server knows us and says no."""


class Cluster:
    """The cluster of kubectl's configuration, or the one that this process runs in.

    Args:
        context: of kubectl's configuration; empty: its current one.

    Raises:
        BadInput: no cluster is known, or none answers.
    """

    def __init__(self, context: str = "") -> None:
        settings = client.Configuration()
        settings.retries = 1
        try:
            config.load_config(
                config_file=os.environ.get("KUBECONFIG"),
                context=context or None,
                client_configuration=settings,
            )
        except config.ConfigException as error:
            raise BadInput(
                f"no cluster is known ({error}); expected kubectl's configuration"
            ) from error
        self._host = settings.host
        api = client.ApiClient(settings)
        self.core = client.CoreV1Api(api)
        self.custom = client.CustomObjectsApi(api)
        self.rights = client.AuthorizationV1Api(api)
        self.scheduling = client.SchedulingV1Api(api)
        version = self.ask(client.VersionApi(api).get_code)
        if version is None:
            raise BadInput(f"{self._host}: no Kubernetes API there; expected a cluster's address")
        self.version: str = version.git_version

    def ask(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """The answer; None if there is no such thing.

        Raises:
            Forbidden: we may not ask this.
            BadInput: no answer, or no token that the server accepts.
        """
        try:
            return call(*arguments, **options, _request_timeout=_SECONDS)
        except ApiException as error:
            if error.status == 404:
                return None
            if error.status == 403:
                raise Forbidden from error
            raise BadInput(
                f"{self._host}: {error.status} {error.reason}; expected an answer"
            ) from error
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise BadInput(f"{self._host}: no answer ({reason}); expected a cluster") from error


def each(looks: Iterable[Look]) -> Iterator[Finding]:
    """What every look finds; one that is forbidden is said, and the others go on."""
    for subject, look in looks:
        try:
            yield from look()
        except Forbidden:
            yield unseen(subject)
