"""Other ways to install the driver."""

from typing import TYPE_CHECKING, Any

import msgspec

from tests.lab.aws.eks import trust_policy
from tests.lab.setup import NAMESPACE, ROLE, SERVICE_ACCOUNT, Account
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_ADDON_SERVICE_ACCOUNT = "fsx-csi-controller-sa"


@variant("public-ecr")
def public_ecr(lab: "Lab", account: Account) -> None:
    """The chart's own default: everything from public.ecr.aws, through the NAT gateway."""
    _rename_images(
        lab, f"{lab.site.registry}/eks/aws-fsx-csi-driver", "public.ecr.aws/fsx-csi-driver/aws-fsx-csi-driver"
    )


@variant("regional-sidecars")
def regional_sidecars(lab: "Lab", account: Account) -> None:
    """Every image from the region's registry."""
    regional_images(lab)


@variant("eks-addon")
def eks_addon(lab: "Lab", account: Account) -> None:
    """Installed as EKS add-on: kube-system, its own service account, images with an eksbuild tag."""
    _move_to_kube_system(lab)
    regional_images(lab)
    _rename_images(lab, "eks/aws-fsx-csi-driver:v1.9.0", "eks/aws-fsx-csi-driver:v1.9.0-eksbuild.1")
    lab.client("iam").update_assume_role_policy(
        RoleName=ROLE,
        PolicyDocument=trust_policy(account.provider_arn, account.issuer, "kube-system", _ADDON_SERVICE_ACCOUNT),
    )
    lab.client("eks").create_addon(
        clusterName=lab.site.cluster,
        addonName="aws-fsx-csi-driver",
        addonVersion="v1.9.0-eksbuild.1",
        serviceAccountRoleArn=account.role_arn,
    )


def regional_images(lab: "Lab") -> None:
    """Takes the sidecars from the region's own registry, as an add-on does."""
    _rename_images(lab, "public.ecr.aws/csi-components/", f"{lab.site.registry}/eks/")
    _rename_images(lab, "public.ecr.aws/amazonlinux/", f"123456789012.dkr.ecr.{lab.site.region}.{lab.site.dns_suffix}/")


def _rename_images(lab: "Lab", old: str, new: str) -> None:
    for kind in ("daemonsets", "deployments", "replicasets", "pods"):
        for obj in lab.kube.all(kind):
            _rewrite(lab, obj, old, new)


def _move_to_kube_system(lab: "Lab") -> None:
    for binding in lab.kube.all("clusterrolebindings"):
        _rewrite(lab, binding, SERVICE_ACCOUNT, _ADDON_SERVICE_ACCOUNT)
        for subject in binding["subjects"]:
            subject["namespace"] = "kube-system"
    for kind in ("daemonsets", "deployments", "replicasets", "pods", "serviceaccounts", "leases", "events"):
        for obj in lab.kube.all(kind, NAMESPACE):
            name = obj["metadata"]["name"]
            lab.kube.remove(kind, name, NAMESPACE)
            if (kind, name) == ("serviceaccounts", "default"):
                continue
            moved = _replaced(obj, SERVICE_ACCOUNT, _ADDON_SERVICE_ACCOUNT)
            moved["metadata"]["namespace"] = "kube-system"
            annotations = moved["metadata"].get("annotations", {})
            for key in ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace"):
                annotations.pop(key, None)
            if "involvedObject" in moved:
                moved["involvedObject"]["namespace"] = "kube-system"
            for labels in _labels(moved):
                labels.pop("helm.sh/chart", None)
                if "app.kubernetes.io/managed-by" in labels:
                    labels["app.kubernetes.io/managed-by"] = "EKS"
            lab.kube.add(moved)
    lab.kube.remove("namespaces", NAMESPACE)


def _labels(obj: dict[str, Any]) -> list[dict[str, str]]:
    found = [obj["metadata"].get("labels", {})]
    template = obj.get("spec", {}).get("template")
    if template:
        found.append(template["metadata"].get("labels", {}))
    return found


def _rewrite(lab: "Lab", obj: dict[str, Any], old: str, new: str) -> None:
    changed = _replaced(obj, old, new)
    obj.clear()
    obj.update(changed)


def _replaced(obj: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """The object with a piece of text replaced wherever it stands."""
    text: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(obj).decode().replace(old, new))
    return text


@variant("lease-by-a-role-of-the-namespace")
def lease_by_a_role_of_the_namespace(lab: "Lab", account: Account) -> None:
    """The right to leases is given in the driver's namespace alone, as the provisioner's own example has it."""
    role = lab.kube.get("clusterroles", "fsx-csi-external-provisioner-role")
    leases = [rule for rule in role["rules"] if rule["resources"] == ["leases"]]
    role["rules"] = [rule for rule in role["rules"] if rule not in leases]
    metadata = {"name": "fsx-csi-leases", "namespace": NAMESPACE, "creationTimestamp": lab.site.time(600)}
    group = "rbac.authorization.k8s.io"
    binding = lab.kube.get("clusterrolebindings", "fsx-csi-external-provisioner-binding")
    lab.kube.add(
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": dict(metadata), "rules": leases},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": dict(metadata),
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "fsx-csi-leases"},
            "subjects": list(binding["subjects"]),
        },
    )
