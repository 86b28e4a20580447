"""eksctl's ClusterConfig: the driver's add-on and service accounts, and the systems of the nodes.

Source: eksctl schema, apiVersion eksctl.io/v1alpha5: amiFamily (default AmazonLinux2023), addons, iam.serviceAccounts;
EKS AMI changelog: AL2023 has kernel 6.1 up to Kubernetes 1.32, 6.12 from 1.33 and 6.18 from 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from diag.grammar.yaml_tree import Value
from diag.resources.iam import ROLE_ANNOTATION
from diag.resources.kubernetes import Metadata, ServiceAccount
from diag.resources.manifests import PlannedAccount, PlannedNodes
from diag.sources.manifests.inventory import Inventory, merge, place

API_GROUP = "eksctl.io/"
DRIVER = "aws-fsx-csi-driver"
CONTROLLER = "fsx-csi-controller-sa"

AL2, AL2023, BOTTLEROCKET = "AmazonLinux2", "AmazonLinux2023", "Bottlerocket"


def is_cluster_config(root: Value) -> bool:
    """Whether a document is eksctl's."""
    return root.text("apiVersion").startswith(API_GROUP)


def cluster_config_in(root: Value, file: str) -> Inventory:
    """What the cluster's configuration says of the driver and of the nodes."""
    return merge((*_accounts(root, file), *_nodes(root, file)))


def _accounts(root: Value, file: str) -> Iterator[Inventory]:
    for addon in _items(root, "addons"):
        role = addon.at("serviceAccountRoleARN")
        if addon.text("name") == DRIVER and role is not None:
            yield _account(CONTROLLER, "kube-system", str(role.content or ""), addon, file)
    for account in _items(root, "iam", "serviceAccounts"):
        role = account.at("attachRoleARN")
        if "fsx" in account.text("metadata", "name") and role is not None:
            meta = (account.text("metadata", "name"), account.text("metadata", "namespace") or "default")
            yield _account(*meta, str(role.content or ""), account, file)


def _account(name: str, namespace: str, role: str, value: Value, file: str) -> Inventory:
    account = ServiceAccount(Metadata(name, namespace, annotations={ROLE_ANNOTATION: role}))
    return Inventory(accounts=(PlannedAccount(account),), places=(place(account.subject, file, value),))


def _nodes(root: Value, file: str) -> Iterator[Inventory]:
    version = str(found.content) if (found := root.at("metadata", "version")) else ""
    for group in (*_items(root, "nodeGroups"), *_items(root, "managedNodeGroups")):
        if group.at("ami") is not None:
            continue
        system = _system(group.text("amiFamily") or AL2023, version)
        if system is not None:
            nodes = PlannedNodes(group.text("name") or "node group", *system)
            yield Inventory(node_groups=(nodes,), places=(place(nodes.subject, file, group),))


def _system(family: str, version: str) -> tuple[str, str] | None:
    """The nodes' osImage and a kernel of theirs; None for a family or a version that decides no kernel."""
    minor = int(version.partition(".")[2]) if version.startswith("1.") and version[2:].isdigit() else None
    if family == AL2:
        return "Amazon Linux 2", "5.10.245-241.976.amzn2.x86_64"
    if family == AL2023 and minor is not None:
        kernel = "6.1.158" if minor < 33 else "6.12.46" if minor < 36 else "6.18.1"
        return "Amazon Linux 2023", f"{kernel}-1.amzn2023.x86_64"
    return None


def _items(root: Value, *path: str) -> list[Value]:
    found = root.at(*path)
    return found.content if found and isinstance(found.content, list) else []
