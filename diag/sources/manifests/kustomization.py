"""kustomization.yaml: the images that it puts in place of the driver's.

Source: kustomize reference, images transformer; aws-fsx-csi-driver v1.9.0 deploy/kubernetes/overlays.
"""

from __future__ import annotations

from pathlib import PurePath

from diag.grammar.yaml_tree import Value
from diag.resources.kubernetes import Container, Metadata, PodSpec, PodTemplate, Workload, WorkloadSpec
from diag.sources.manifests.inventory import Inventory, merge, place

NAMES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
DRIVER = "aws-fsx-csi-driver"


def is_kustomization(root: Value, file: str) -> bool:
    """Whether a document is kustomize's: by its API group, or by the file's name."""
    return root.text("apiVersion").startswith("kustomize.config.k8s.io/") or PurePath(file).name in NAMES


def kustomization_in(root: Value, file: str) -> Inventory:
    """The driver's images as the overlay writes them."""
    images = root.at("images")
    listed = images.content if images and isinstance(images.content, list) else ()
    found = [_image(item, file) for item in listed if DRIVER in item.text("name") + item.text("newName")]
    return merge(found) if found else Inventory(seen=("kustomization without an image of the driver",))


def _image(item: Value, file: str) -> Inventory:
    tag, digest = item.at("newTag"), item.text("digest")
    reference = item.text("newName") or item.text("name")
    reference += f":{tag.content}" if tag and tag.content is not None else ""
    reference += f"@{digest}" if digest else ""
    spec = WorkloadSpec(template=PodTemplate(spec=PodSpec(containers=(Container("fsx-plugin", reference),))))
    workload = Workload(Metadata("fsx-csi-controller", "kube-system"), "Deployment", spec)
    return Inventory(drivers=(workload,), places=(place(workload.subject, file, item),))
