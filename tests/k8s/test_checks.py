"""Each check sees the one thing that is wrong, and says it in one line."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s.check import findings
from k8s.checks.images import unpinned
from tests.k8s.conftest import GONE, broken, overlay

FAULTS = yaml.safe_load(Path(__file__).with_name("faults.yaml").read_text())
SERVER = "Deployment/server"
IMAGE = "spec|template|spec|containers|0|image"


def test_a_good_overlay_has_no_findings() -> None:
    assert list(findings(overlay())) == []


@pytest.mark.parametrize("case", FAULTS, ids=[case["fault"] for case in FAULTS])
def test_one_fault_is_one_line(case: dict[str, Any]) -> None:
    made = broken(case["object"], case["path"], case.get("value", GONE))
    assert [str(finding) for finding in findings(made)] == [case["line"]]


def test_a_stateful_sets_service_exists() -> None:
    made = broken(SERVER, "kind", "StatefulSet")
    (workload,) = made.of("StatefulSet")
    workload["spec"]["serviceName"] = "serve"
    assert [str(finding) for finding in findings(made)] == [
        "good/StatefulSet/server: Service 'serve' is not defined, expected one of server"
    ]


def test_an_image_without_a_digest_is_named_and_is_no_fault_until_a_release() -> None:
    made = broken(SERVER, IMAGE, "registry.example/server@unpinned")
    assert list(findings(made)) == []
    assert [str(finding) for finding in unpinned(made)] == [
        "good/Deployment/server: image 'registry.example/server@unpinned', "
        "expected a digest to release"
    ]


def test_kinds_images_have_tags_and_are_never_pulled() -> None:
    made = broken(SERVER, IMAGE, "server:kind", name="kind")
    assert [str(finding) for finding in findings(made)] == [
        "kind/Deployment/server: image 'server:kind', "
        "expected imagePullPolicy Never, as it has no digest"
    ]
    container = made.pods[0].containers[0]
    container["imagePullPolicy"] = "Never"
    assert list(findings(made)) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://server",
        "http://server.site:80/path",
        "http://server.site.svc.cluster.local",
        "https://store.elsewhere:9000",
        "https://storage.example.org",
        "s3://bucket/prefix",
    ],
)
def test_an_address_of_a_known_service_or_of_a_public_host_is_no_fault(url: str) -> None:
    made = broken("ConfigMap/settings", "data|url", url)
    made.flows["peers"]["stranger"]["service"] = "store:9000"
    assert list(findings(made)) == []


def test_a_limit_range_of_pods_or_of_another_namespace_gives_these_containers_nothing() -> None:
    made = broken("LimitRange/defaults", "spec|limits|0|default|ephemeral-storage", "1Gi")
    (limits,) = made.of("LimitRange")
    assert len(list(findings(made))) == 1
    limits["metadata"]["namespace"] = "elsewhere"
    assert list(findings(made)) == []
    limits["metadata"]["namespace"] = "site"
    limits["spec"]["limits"] = [{"type": "Pod", "max": {"ephemeral-storage": "1Gi"}}]
    assert list(findings(made)) == []
