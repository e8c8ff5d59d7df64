"""Network policies mean what Kubernetes' documentation says they mean."""

from typing import Any

import pytest

from k8s.checks.manifests import Overlay, matches
from k8s.checks.network import check

WEB = {"namespace": "site", "labels": {"app": "web"}}
OTHER = {"namespace": "elsewhere", "labels": {"app": "web"}}
DATABASE = {"namespace": "site", "labels": {"app": "database"}}


def policy(**spec: Any) -> dict[str, Any]:
    """A policy of the namespace `site`."""
    metadata = {"name": "policy", "namespace": "site"}
    return {"kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def passes(source: dict[str, Any], port: int, *policies: dict[str, Any]) -> bool:
    """Whether the source reaches the database at a port."""
    flows = {
        "peers": {"source": source, "database": DATABASE},
        "allowed": [{"from": "source", "to": "database", "port": port}],
        "denied": [],
    }
    return not list(check(Overlay("site", list(policies), flows, {})))


def test_a_pod_that_no_policy_selects_is_open() -> None:
    assert passes(OTHER, 5432)
    assert passes(OTHER, 5432, policy(podSelector={"matchLabels": {"app": "mail"}}))


def test_a_policy_without_rules_closes() -> None:
    assert not passes(WEB, 5432, policy(podSelector={}))
    assert not passes(WEB, 5432, policy(podSelector={}, policyTypes=["Egress"]))


def test_ingress_is_governed_even_where_only_egress_is_written() -> None:
    assert not passes(WEB, 5432, policy(podSelector={}, egress=[{}]))
    assert passes(WEB, 5432, policy(podSelector={}, egress=[{}], policyTypes=["Egress"]))


def test_rules_of_several_policies_add_up() -> None:
    allow = policy(podSelector={}, ingress=[{"from": [{"podSelector": {}}]}])
    assert passes(WEB, 5432, policy(podSelector={}), allow)


def test_a_pod_selector_alone_means_the_policys_own_namespace() -> None:
    own = policy(podSelector={}, ingress=[{"from": [{"podSelector": {}}]}])
    assert passes(WEB, 5432, own)
    assert not passes(OTHER, 5432, own)


def test_selectors_in_one_entry_must_both_hold_and_entries_are_alternatives() -> None:
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}
    mail = {"matchLabels": {"app": "mail"}}
    both = [{"namespaceSelector": namespace, "podSelector": mail}]
    either = [{"namespaceSelector": namespace}, {"podSelector": mail}]
    assert not passes(OTHER, 5432, policy(podSelector={}, ingress=[{"from": both}]))
    assert passes(OTHER, 5432, policy(podSelector={}, ingress=[{"from": either}]))


def test_a_range_of_ports_includes_its_end() -> None:
    ranged = policy(podSelector={}, ingress=[{"ports": [{"port": 5430, "endPort": 5432}]}])
    assert passes(WEB, 5432, ranged)
    assert not passes(WEB, 5433, ranged)


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ({"key": "app", "operator": "In", "values": ["web", "mail"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["web"]}, False),
        ({"key": "tier", "operator": "NotIn", "values": ["web"]}, True),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
    ],
)
def test_expressions_select_by_label(expression: dict[str, Any], selected: bool) -> None:
    assert matches({"matchExpressions": [expression]}, {"app": "web"}) is selected
