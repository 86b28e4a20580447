"""Small files as people write them, each judged by hand first: what FSx, the driver and the API server say of it.

One case is one line, however long. A case names every finding that its file has to cost, by a word of the message; a fault costs one. No word is a green file.
"""

# ruff: noqa: E501
from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from diag.cli.run import command
from diag.model.verdict import Verdict
from diag.run.execute import execute
from diag.run.report import report_on
from diag.run.request import build_request

VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata:
  name: fsx-pv
spec:
  capacity:
    storage: 1200Gi
  volumeMode: Filesystem
  accessModes:
    - ReadWriteMany
  mountOptions:
    - flock
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ""
  csi:
    driver: fsx.csi.aws.com
    volumeHandle: fs-0123456789abcdef0
    volumeAttributes:
      dnsname: fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com
      mountname: abcdebev
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: fsx-claim
spec:
  accessModes:
    - ReadWriteMany
  storageClassName: ""
  volumeName: fsx-pv
  resources:
    requests:
      storage: 1200Gi
"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: fsx-app
spec:
  containers:
    - name: app
      image: busybox
      volumeMounts:
        - name: data
          mountPath: /data
  volumes:
    - name: data
      persistentVolumeClaim:
        claimName: fsx-claim
"""
CLASS = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: fsx-sc
provisioner: fsx.csi.aws.com
parameters:
  subnetId: subnet-0123456789abcdef0
  securityGroupIds: sg-0123456789abcdef0
  deploymentType: SCRATCH_2
  fileSystemTypeVersion: "2.15"
reclaimPolicy: Delete
volumeBindingMode: Immediate
mountOptions:
  - flock
"""
DYNAMIC = CLAIM.replace('storageClassName: ""\n  volumeName: fsx-pv', "storageClassName: fsx-sc")
SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: train
spec:
  serviceName: train
  selector:
    matchLabels:
      app: train
  template:
    metadata:
      labels:
        app: train
    spec:
      containers:
        - name: app
          image: busybox
          volumeMounts:
            - name: data
              mountPath: /data
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteMany]
        storageClassName: fsx-sc
        resources:
          requests:
            storage: 1200Gi
"""
STATIC = f"{VOLUME}---\n{CLAIM}---\n{POD}"
PROVISIONED = f"{CLASS}---\n{DYNAMIC}---\n{POD}"


class Case(NamedTuple):
    """A file and what has to be said of it."""

    text: str
    fails: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    code: int | None = None


def edited(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


def red(text: str, old: str, new: str, *words: str) -> Case:
    return Case(edited(text, (old, new)), words or (new,))


def amber(text: str, old: str, new: str, *words: str) -> Case:
    return Case(edited(text, (old, new)), warns=words or (new,))


def green(text: str, *edits: tuple[str, str]) -> Case:
    return Case(edited(text, *edits))


def added(text: str, key: str, lines: str) -> str:
    """The text with lines put under the first line that is this key."""
    return edited(text, (f"{key}\n", f"{key}\n{lines}\n"))


PARAMETERS = "parameters:"

FIELDS = {
    # kubectl apply validates strictly: an unknown field, a field twice, a value of another type is refused.
    "handle in lower case": red(STATIC, "volumeHandle:", "volumehandle:", "volumehandle"),
    "handle as an id": red(STATIC, "volumeHandle:", "volumeID:", "volumeID"),
    "attributes in the singular": red(STATIC, "volumeAttributes:", "volumeAttribute:", "volumeAttribute"),
    "attributes in lower case": red(STATIC, "volumeAttributes:", "volumeattributes:", "volumeattributes"),
    "driver in capitals": red(STATIC, "    driver:", "    Driver:", "Driver"),
    "the source in capitals": red(STATIC, "  csi:", "  CSI:", "CSI"),
    "class of a volume": red(STATIC, 'storageClassName: ""', 'storageclassName: ""', "storageclassName"),
    "class of a claim": red(PROVISIONED, "storageClassName: fsx-sc", "storageclassName: fsx-sc", "storageclassName"),
    "class without Name": red(PROVISIONED, "storageClassName: fsx-sc", "storageClass: fsx-sc", "storageClass"),
    "class with dashes": red(
        PROVISIONED, "storageClassName: fsx-sc", "storage-class-name: fsx-sc", "storage-class-name"
    ),
    "volume name in lower case": red(STATIC, "volumeName:", "volumename:", "volumename"),
    "access mode in the singular": red(STATIC, "accessModes:", "accessMode:", "accessMode"),
    "access modes in lower case": red(PROVISIONED, "accessModes:", "accessmodes:", "accessmodes"),
    "volume mode": red(STATIC, "volumeMode:", "volumemode:", "volumemode"),
    "reclaim policy of a class in a volume": red(
        STATIC, "persistentVolumeReclaimPolicy:", "reclaimPolicy:", "reclaimPolicy"
    ),
    "reclaim policy of a volume in a class": red(
        PROVISIONED, "reclaimPolicy:", "persistentVolumeReclaimPolicy:", "persistentVolumeReclaimPolicy"
    ),
    "capacity in the plural": red(STATIC, "  capacity:", "  capacities:", "capacities"),
    "mount options in lower case": red(STATIC, "mountOptions:", "mountoptions:", "mountoptions"),
    "mount options of a class": red(PROVISIONED, "mountOptions:", "mountOption:", "mountOption"),
    "parameters in the singular": red(PROVISIONED, "parameters:", "parameter:", "parameter"),
    "parameters in capitals": red(PROVISIONED, "parameters:", "Parameters:", "Parameters"),
    "provisioner": red(PROVISIONED, "provisioner:", "provisoner:", "provisoner"),
    "binding mode": red(PROVISIONED, "volumeBindingMode:", "volumebindingMode:", "volumebindingMode"),
    "binding mode of another name": red(PROVISIONED, "volumeBindingMode:", "bindingMode:", "bindingMode"),
    "resources in the singular": red(PROVISIONED, "  resources:", "  resource:", "resource"),
    "requests in the singular": red(PROVISIONED, "    requests:", "    request:", "request"),
    "spec in capitals": red(STATIC, "spec:", "Spec:", "Spec"),
    "metadata in the singular": red(STATIC, "metadata:", "metaData:", "metaData"),
    "labels": red(STATIC, "  name: fsx-pv", "  name: fsx-pv\n  lables:\n    a: b", "lables"),
    "namespace": red(STATIC, "  name: fsx-claim", "  name: fsx-claim\n  namesapce: default", "namesapce"),
    "claim of a pod": red(STATIC, "persistentVolumeClaim:", "persistentVolumeclaim:", "persistentVolumeclaim"),
    "claim of a pod, short": red(STATIC, "persistentVolumeClaim:", "pvc:", "pvc"),
    "claim name": red(STATIC, "claimName:", "claimname:", "claimname"),
    "volumes of a pod": red(STATIC, "  volumes:", "  volume:", "volume"),
    "mounts of a container": red(STATIC, "volumeMounts:", "volumeMount:", "volumeMount"),
    "path of a mount": red(STATIC, "mountPath:", "mountpath:", "mountpath"),
    "templates of a set": red(
        f"{CLASS}---\n{SET}", "volumeClaimTemplates:", "volumeClaimTemplate:", "volumeClaimTemplate"
    ),
    "class in a template": red(
        f"{CLASS}---\n{SET}", "        storageClassName:", "        storageclassname:", "storageclassname"
    ),
    "a field of nobody": red(STATIC, "  capacity:", "  colour: blue\n  capacity:", "colour"),
    "a field one level too high": red(
        STATIC, "  accessModes:\n    - ReadWriteMany\n  storageClassName", "  storageClassName", "accessModes"
    ),
    "attributes beside the source": Case(
        edited(
            STATIC,
            (
                "    volumeAttributes:\n      dnsname: fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com\n      mountname: abcdebev\n",
                "  volumeAttributes:\n    dnsname: fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com\n    mountname: abcdebev\n",
            ),
        ),
        ("volumeAttributes",),
    ),
    "parameters under the metadata": Case(
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: fsx-sc\n  parameters:\n"
        "    subnetId: subnet-0123456789abcdef0\nprovisioner: fsx.csi.aws.com\n",
        ("parameters",),
    ),
    "a string for a bool": red(
        STATIC, "    driver: fsx.csi.aws.com", '    driver: fsx.csi.aws.com\n    readOnly: "true"', "readOnly"
    ),
    "a number for a string": red(STATIC, "  name: fsx-claim", "  name: 1234", "name"),
    "a word for a list": red(STATIC, "mountOptions:\n    - flock", "mountOptions: flock", "mountOptions"),
    "a list for a map": red(
        PROVISIONED,
        "  resources:\n    requests:\n      storage: 1200Gi",
        "  resources:\n    - storage: 1200Gi",
        "resources",
    ),
    "expansion in quotes": red(
        PROVISIONED, "reclaimPolicy: Delete", 'allowVolumeExpansion: "true"', "allowVolumeExpansion"
    ),
    "a number among the parameters": red(
        PROVISIONED, PARAMETERS, f"{PARAMETERS}\n  automaticBackupRetentionDays: 0", "automaticBackupRetentionDays"
    ),
    "a key twice": red(STATIC, "    driver:", "    driver: fsx.csi.aws.com\n    driver:", "twice"),
    "yes is a bool": red(STATIC, "  name: fsx-pv\n", "  name: fsx-pv\n  labels:\n    lustre: yes\n", "lustre"),
    "known fields that nobody here reads": green(
        PROVISIONED,
        ("reclaimPolicy: Delete", "reclaimPolicy: Delete\nallowVolumeExpansion: true\nallowedTopologies: []"),
        (
            "      image: busybox",
            "      image: busybox\n      resources:\n        limits:\n          cpu: 1\n      env:\n        - name: A\n          value: 'b'",
        ),
    ),
    "null is absent": green(
        STATIC,
        ("  name: fsx-pv", "  name: fsx-pv\n  creationTimestamp: null"),
        ("kind: PersistentVolumeClaim", "kind: PersistentVolumeClaim\nstatus: {}"),
    ),
    "a selector of a volume's claim": green(
        STATIC,
        (
            "  capacity:",
            "  nodeAffinity:\n    required:\n      nodeSelectorTerms:\n        - matchExpressions:\n            - key: topology.kubernetes.io/zone\n              operator: In\n              values: [eu-west-1a]\n  capacity:",
        ),
    ),
}

KINDS = {
    "group of a class without its domain": red(PROVISIONED, "storage.k8s.io/v1", "storage/v1", "storage/v1"),
    "a class in the core": red(PROVISIONED, "storage.k8s.io/v1", "v1", "v1"),
    "a class of long ago": red(PROVISIONED, "storage.k8s.io/v1", "storage.k8s.io/v1beta1", "v1beta1"),
    "another domain": red(PROVISIONED, "storage.k8s.io/v1", "storage.k8s.com/v1", "storage.k8s.com/v1"),
    "a letter of the domain": red(PROVISIONED, "storage.k8s.io/v1", "storage.k8.io/v1", "storage.k8.io/v1"),
    "a volume of storage": red(
        STATIC,
        "apiVersion: v1\nkind: PersistentVolume\n",
        "apiVersion: storage.k8s.io/v1\nkind: PersistentVolume\n",
        "storage.k8s.io/v1",
    ),
    "core before the version": red(STATIC, "apiVersion: v1", "apiVersion: core/v1", "core/v1"),
    "a version in capitals": red(STATIC, "apiVersion: v1", "apiVersion: V1", "V1"),
    "no version": red(STATIC, "apiVersion: v1\nkind: PersistentVolume\n", "kind: PersistentVolume\n", "apiVersion"),
    "no kind": red(STATIC, "kind: PersistentVolume\n", "", "kind"),
    "a class without a kind": red(PROVISIONED, "kind: StorageClass\n", "", "kind"),
    "a kind in another case": red(
        STATIC, "kind: PersistentVolumeClaim", "kind: PersistentVolumeclaim", "PersistentVolumeclaim"
    ),
    "a kind with another letter": red(
        STATIC, "kind: PersistentVolume\n", "kind: PersistantVolume\n", "PersistantVolume"
    ),
    "a kind in lower case": red(PROVISIONED, "kind: StorageClass", "kind: storageClass", "storageClass"),
    "a kind in short": red(STATIC, "kind: PersistentVolumeClaim", "kind: PVC", "PVC"),
    "a kind in the plural": red(PROVISIONED, "kind: StorageClass", "kind: StorageClasses", "StorageClasses"),
    "a deployment of long ago": red(
        f"{STATIC}---\n"
        + edited(
            SET,
            ("StatefulSet", "Deployment"),
            ("  serviceName: train\n", ""),
            (
                "  volumeClaimTemplates:",
                "      volumes:\n        - name: data\n          persistentVolumeClaim:\n            claimName: fsx-claim\n#",
            ),
        ).partition("#")[0],
        "apps/v1",
        "extensions/v1beta1",
        "extensions/v1beta1",
    ),
    "a resource of somebody else": green(
        f"{STATIC}---\napiVersion: example.org/v1\nkind: StorageClass\nmetadata:\n  name: x\nanything: 1\n"
    ),
}

NAMES = {
    "name in capitals": red(STATIC, "  name: fsx-pv\n", "  name: FSX-pv\n", "FSX-pv"),
    "name with an underscore": red(PROVISIONED, "  name: fsx-sc", "  name: fsx_sc", "fsx_sc"),
    "name with a blank": red(STATIC, "  name: fsx-pv\n", "  name: fsx pv\n", "fsx pv"),
    "name too long": red(STATIC, "  name: fsx-claim", f"  name: {'a' * 254}", "aaa"),
    "namespace with a dot": red(STATIC, "  name: fsx-claim", "  name: fsx-claim\n  namespace: a.b", "a.b"),
    "label with a blank": red(
        STATIC, "  name: fsx-pv\n", "  name: fsx-pv\n  labels:\n    team: machine learning\n", "machine learning"
    ),
    "label too long": red(STATIC, "  name: fsx-pv\n", f"  name: fsx-pv\n  labels:\n    team: {'a' * 64}\n", "team"),
    "key of a label": red(STATIC, "  name: fsx-pv\n", "  name: fsx-pv\n  labels:\n    my team: ml\n", "my team"),
    "short mode": red(STATIC, "- ReadWriteMany", "- RWX", "RWX"),
    "mode of nobody": red(PROVISIONED, "- ReadWriteMany", "- ReadWriteAll", "ReadWriteAll"),
    "mode beside the lonely one": red(
        STATIC, "- ReadWriteMany", "- ReadWriteMany\n    - ReadWriteOncePod", "ReadWriteOncePod"
    ),
    "no mode": red(PROVISIONED, "  accessModes:\n    - ReadWriteMany\n", "", "accessModes"),
    "volume mode in lower case": red(STATIC, "volumeMode: Filesystem", "volumeMode: filesystem", "filesystem"),
    "policy in lower case": red(STATIC, "Policy: Retain", "Policy: retain", "retain"),
    "policy of a class": red(PROVISIONED, "reclaimPolicy: Delete", "reclaimPolicy: Recycle", "Recycle"),
    "binding mode of nobody": red(PROVISIONED, "Immediate", "WaitForConsumer", "WaitForConsumer"),
    "size with a unit of nobody": red(STATIC, "storage: 1200Gi", "storage: 1200GB", "1200GB"),
    "size with a blank": red(PROVISIONED, "storage: 1200Gi", "storage: 1200 Gi", "1200 Gi"),
    "size with a comma": red(STATIC, "storage: 1200Gi", 'storage: "1,200Gi"', "1,200Gi"),
    "size below nothing": red(PROVISIONED, "storage: 1200Gi", "storage: -1200Gi", "-1200Gi"),
    "size of nothing": red(PROVISIONED, "storage: 1200Gi", 'storage: "0"', "'0'"),
    "no size of a volume": red(STATIC, "  capacity:\n    storage: 1200Gi\n", "", "capacity.storage"),
    "no size of a claim": red(
        PROVISIONED, "  resources:\n    requests:\n      storage: 1200Gi\n", "", "resources.requests.storage"
    ),
    "no source": red(STATIC, VOLUME[VOLUME.index("  csi:") :], "", "source"),
    "two sources": red(STATIC, "  csi:", "  nfs:\n    server: a\n    path: /\n  csi:", "nfs"),
    "no handle": red(STATIC, "    volumeHandle: fs-0123456789abcdef0\n", "", "volumeHandle"),
    "no driver": red(STATIC, "    driver: fsx.csi.aws.com\n", "", "driver"),
    "no provisioner": red(PROVISIONED, "provisioner: fsx.csi.aws.com\n", "", "provisioner"),
    "no name": red(STATIC, "  name: fsx-claim\n", "  labels: {}\n", "metadata.name"),
    "a pod without a claim's name": red(
        STATIC, "        claimName: fsx-claim\n", "        readOnly: true\n", "claimName"
    ),
    "bytes are a size": green(PROVISIONED, ("storage: 1200Gi", "storage: 1288490188800")),
    "an exponent is a size": green(PROVISIONED, ("storage: 1200Gi", "storage: 1e12")),
    "a fraction is a size": green(PROVISIONED, ("storage: 1200Gi", "storage: 1.2Ti")),
    "dots in a name": green(
        STATIC, ("  name: fsx-pv\n", "  name: fsx.pv\n"), ("volumeName: fsx-pv", "volumeName: fsx.pv")
    ),
}

BINDING = {
    "a pod in another namespace than its claim": Case(
        edited(
            STATIC,
            ("  name: fsx-claim", "  name: fsx-claim\n  namespace: data"),
            ("  name: fsx-app", "  name: fsx-app\n  namespace: training"),
        ),
        ("namespace",),
    ),
    "a job in another namespace": Case(
        f"{VOLUME}---\n"
        + edited(CLAIM, ("  name: fsx-claim", "  name: fsx-claim\n  namespace: data"))
        + "---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: train\n  namespace: training\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n"
        "      containers:\n        - name: a\n          image: busybox\n      volumes:\n        - name: data\n          persistentVolumeClaim:\n            claimName: fsx-claim\n",
        ("namespace",),
    ),
    "all in one namespace": green(
        STATIC,
        ("  name: fsx-claim", "  name: fsx-claim\n  namespace: training"),
        ("  name: fsx-app", "  name: fsx-app\n  namespace: training"),
    ),
    "a claim of somebody else": Case(POD, code=6),
    "a volume kept for a claim of another namespace": Case(
        edited(
            STATIC,
            ("  capacity:", "  claimRef:\n    name: fsx-claim\n    namespace: data\n  capacity:"),
            ("  name: fsx-claim\nspec", "  name: fsx-claim\n  namespace: training\nspec"),
            ("  name: fsx-app", "  name: fsx-app\n  namespace: training"),
        ),
        ("data/fsx-claim",),
    ),
    "a volume kept for a claim without its namespace": red(
        STATIC, "  capacity:", "  claimRef:\n    name: fsx-claim\n  capacity:", "namespace"
    ),
    "a volume kept for the claim": green(
        STATIC, ("  capacity:", "  claimRef:\n    name: fsx-claim\n    namespace: default\n  capacity:")
    ),
    "a selector without a volume": Case(
        edited(
            STATIC,
            ("  volumeName: fsx-pv\n", "  selector:\n    matchLabels:\n      use: training\n"),
            ("  name: fsx-pv\n", "  name: fsx-pv\n  labels:\n    use: serving\n"),
        ),
        ("selector",),
    ),
    "a selector and no label": Case(
        edited(STATIC, ("  volumeName: fsx-pv\n", "  selector:\n    matchLabels:\n      use: training\n")),
        ("selector",),
    ),
    "an expression without a volume": Case(
        edited(
            STATIC,
            (
                "  volumeName: fsx-pv\n",
                "  selector:\n    matchExpressions:\n      - key: use\n        operator: In\n        values: [training]\n",
            ),
        ),
        ("selector",),
    ),
    "a selector with its volume": green(
        STATIC,
        ("  volumeName: fsx-pv\n", "  selector:\n    matchLabels:\n      use: training\n"),
        ("  name: fsx-pv\n", "  name: fsx-pv\n  labels:\n    use: training\n"),
    ),
    "a claim larger than its volume": red(STATIC, "      storage: 1200Gi", "      storage: 2400Gi", "2400"),
    "a claim larger than the only volume": Case(
        edited(STATIC, ("      storage: 1200Gi", "      storage: 2400Gi"), ("  volumeName: fsx-pv\n", "")), ("2400",)
    ),
    "a claim with another mode": Case(
        edited(STATIC, ("- ReadWriteMany\n  mountOptions", "- ReadWriteOnce\n  mountOptions")), ("ReadWriteMany",)
    ),
    "a claim of another class": red(
        STATIC, 'storageClassName: ""\n  volumeName', "storageClassName: fsx-sc\n  volumeName", "fsx-sc"
    ),
    "a volume of another class": Case(
        edited(STATIC, ('storageClassName: ""', "storageClassName: static")), ("static",)
    ),
    "block and file": Case(
        edited(STATIC, ("  volumeName: fsx-pv", "  volumeMode: Block\n  volumeName: fsx-pv")), ("Block",)
    ),
    "a volume of nobody": green(STATIC, ("  volumeName: fsx-pv", "  volumeName: another-pv")),
    "without a volume's name": green(STATIC, ("  volumeName: fsx-pv\n", "")),
    "a class of their own": green(
        STATIC,
        ('storageClassName: ""', "storageClassName: static"),
        ('storageClassName: ""', "storageClassName: static"),
    ),
    "two claims of one volume": Case(
        STATIC + "---\n" + edited(CLAIM, ("  name: fsx-claim", "  name: fsx-other")), ("fsx-pv",)
    ),
}

BINDING |= {
    "a pod without a namespace": Case(
        edited(STATIC, ("  name: fsx-claim", "  name: fsx-claim\n  namespace: training")), warns=("-n",)
    ),
    "a claim without a namespace": Case(
        edited(STATIC, ("  name: fsx-app", "  name: fsx-app\n  namespace: training")), warns=("-n",)
    ),
}

VOLUMES = {
    "a mount name of null": red(STATIC, "mountname: abcdebev", "mountname: null", "mountname"),
    "a mount name of nothing": red(STATIC, "mountname: abcdebev", "mountname:", "mountname"),
    "a mount name of no letters": red(STATIC, "mountname: abcdebev", 'mountname: ""', "mountname"),
    "a DNS name of null": red(
        STATIC, "dnsname: fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com", "dnsname: null", "dnsname"
    ),
    "no DNS name": red(STATIC, "      dnsname: fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com\n", "", "dnsname"),
    "no mount name, which a SCRATCH_1 needs not": green(STATIC, ("      mountname: abcdebev\n", "")),
    "mount name in capitals": red(STATIC, "mountname:", "mountName:", "mountName"),
    "mount name with a dash": red(STATIC, "mountname:", "mount-name:", "mount-name"),
    "mount name without its end": red(STATIC, "mountname:", "mountnam:", "mountnam"),
    "DNS name in capitals": red(STATIC, "dnsname:", "dnsName:", "dnsName"),
    "DNS name with an underscore": red(STATIC, "dnsname:", "dns_name:", "dns_name"),
    "DNS name with another letter": red(STATIC, "dnsname:", "dsnname:", "dsnname"),
    "an id too short": amber(STATIC, "volumeHandle: fs-0123456789abcdef0", "volumeHandle: fs-1234", "fs-1234"),
    "an id with a letter beyond f": amber(
        STATIC, "volumeHandle: fs-0123456789abcdef0", "volumeHandle: fs-0123456789abcdefg", "fs-0123456789abcdefg"
    ),
    "an id too long": amber(
        STATIC, "volumeHandle: fs-0123456789abcdef0", "volumeHandle: fs-0123456789abcdef01", "fs-0123456789abcdef01"
    ),
    "an id between the two lengths": red(
        STATIC, "volumeHandle: fs-0123456789abcdef0", "volumeHandle: fs-0123456789", "fs-0123456789"
    ),
    "an id in capitals": amber(
        STATIC, "volumeHandle: fs-0123456789abcdef0", "volumeHandle: FS-0123456789ABCDEF0", "FS-0123456789ABCDEF0"
    ),
    "an ARN as handle": amber(
        STATIC,
        "volumeHandle: fs-0123456789abcdef0",
        "volumeHandle: arn:aws:fsx:eu-west-1:111122223333:file-system/fs-0123456789abcdef0",
        "arn:aws",
    ),
    "an id too short everywhere": Case(
        edited(
            STATIC,
            ("volumeHandle: fs-0123456789abcdef0", "volumeHandle: fs-1234"),
            ("dnsname: fs-0123456789abcdef0", "dnsname: fs-1234"),
        ),
        ("fs-1234",),
    ),
    "a DNS name of no id": red(STATIC, "dnsname: fs-0123456789abcdef0.", "dnsname: fs-1234.", "fs-1234"),
    "a handle of one's own for a second volume": green(
        STATIC, ("volumeHandle: fs-0123456789abcdef0", "volumeHandle: fs-0123456789abcdef0-second")
    ),
    "an old id": green(
        STATIC,
        ("volumeHandle: fs-0123456789abcdef0", "volumeHandle: fs-01234567"),
        ("dnsname: fs-0123456789abcdef0", "dnsname: fs-01234567"),
    ),
    "another file system's DNS name": red(
        STATIC, "dnsname: fs-0123456789abcdef0", "dnsname: fs-0fedcba9876543210", "fs-0fedcba9876543210"
    ),
    "a DNS name of EFS": red(STATIC, ".fsx.eu-west-1", ".efs.eu-west-1", "efs"),
    "a DNS name with the mount name": red(STATIC, "amazonaws.com", "amazonaws.com@tcp:/abcdebev", "amazonaws.com@tcp"),
    "a DNS name as an address of the web": red(STATIC, "dnsname: fs", "dnsname: https://fs", "https"),
    "a DNS name of a Region of nobody": red(STATIC, "eu-west-1", "eu-west", "eu-west"),
    "a mount name too long": red(STATIC, "abcdebev", "abcdebevx", "abcdebevx"),
    "a mount name with a blank": red(STATIC, "abcdebev", "abc debev", "abc debev"),
    "a directory under the mount name": green(STATIC, ("abcdebev", "/abcdebev/team")),
    "driver in capitals": red(STATIC, "driver: fsx.csi.aws.com", "driver: FSx.csi.aws.com", "FSx.csi.aws.com"),
    "driver of EFS": red(STATIC, "driver: fsx.csi.aws.com", "driver: efs.csi.aws.com", "efs.csi.aws.com"),
    "driver of OpenZFS": red(
        STATIC, "driver: fsx.csi.aws.com", "driver: fsx.openzfs.csi.aws.com", "fsx.openzfs.csi.aws.com"
    ),
    "driver turned": red(STATIC, "driver: fsx.csi.aws.com", "driver: csi.fsx.aws.com", "csi.fsx.aws.com"),
    "read by many": Case(
        edited(STATIC, ("- ReadWriteMany", "- ReadOnlyMany"), ("- ReadWriteMany", "- ReadOnlyMany")), ("ReadOnlyMany",)
    ),
    "block": Case(
        edited(
            STATIC,
            ("volumeMode: Filesystem", "volumeMode: Block"),
            ("  volumeName", "  volumeMode: Block\n  volumeName"),
        ),
        ("Block",),
    ),
    "an option of NFS": red(STATIC, "- flock", "- nfsvers=4.1", "nfsvers"),
    "an option of nobody": red(STATIC, "- flock", "- frobnicate", "frobnicate"),
    "options in one line": green(STATIC, ("- flock", "- flock,noatime")),
    "one handle twice in a pod": Case(
        edited(
            STATIC,
            (
                "  volumes:\n",
                "  volumes:\n    - name: more\n      persistentVolumeClaim:\n        claimName: fsx-more\n",
            ),
        )
        + "---\n"
        + edited(VOLUME, ("  name: fsx-pv", "  name: fsx-more"))
        + "---\n"
        + edited(CLAIM, ("  name: fsx-claim", "  name: fsx-more"), ("volumeName: fsx-pv", "volumeName: fsx-more")),
        ("volumeHandle",),
    ),
}

_STAND_INS = (
    "fs-xxxxx",
    "fs-xxxxxxxxxxxxxxxxx",
    "FSx_VOLUME_ID",
    "my-fsx-id",
    "CHANGEME",
    "xxxxxxxx",
    "<fsx-id>",
    "${FSX_ID}",
    "$FSX_ID",
    "???",
    "'{{ .Values.id }}'",
    "REPLACE_ME",
    "TODO",
    "your-file-system-id",
    "None",
    "'null'",
    "undefined",
    "fs-<id>",
    "[file-system-id]",
    "FILE_SYSTEM_ID",
    "fs-XXXXXXXX",
    "fs-ID",
    "fs-your-id",
    "'%FSX_ID%'",
    "__FSX_ID__",
    "fs-0123456789abcdefX",
    "insert-id-here",
    "'#{FsxId}#'",
    "fs-...",
    "fs-12345678XXXX",
)

STAND_INS = {
    **{
        f"handle {word}": red(STATIC, "volumeHandle: fs-0123456789abcdef0", f"volumeHandle: {word}", "volumeHandle")
        for word in _STAND_INS
        if word != "fs-0123456789abcdefX"
    },
    "name": red(STATIC, "  name: fsx-pv\n", "  name: <pv-name>\n", "<pv-name>"),
    "namespace": Case(
        edited(STATIC, ("  name: fsx-claim", "  name: fsx-claim\n  namespace: <namespace>")), ("namespace",)
    ),
    "namespace of all": Case(
        edited(
            STATIC,
            ("  name: fsx-claim", "  name: fsx-claim\n  namespace: ${NS}"),
            ("  name: fsx-app", "  name: fsx-app\n  namespace: ${NS}"),
        ),
        ("${NS}", "${NS}"),
    ),
    "class of a volume": red(STATIC, 'storageClassName: ""', "storageClassName: <class>", "<class>"),
    "class of a claim": red(PROVISIONED, "storageClassName: fsx-sc", "storageClassName: ${CLASS}", "${CLASS}"),
    "driver": red(STATIC, "driver: fsx.csi.aws.com", "driver: <driver>", "<driver>"),
    "driver as a variable": red(STATIC, "driver: fsx.csi.aws.com", "driver: ${DRIVER}", "${DRIVER}"),
    "provisioner": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: ${PROVISIONER}", "${PROVISIONER}"),
    "volume's name": red(STATIC, "volumeName: fsx-pv", "volumeName: <pv>", "<pv>"),
    "claim's name": red(STATIC, "claimName: fsx-claim", "claimName: <claim>", "<claim>"),
    "size": red(PROVISIONED, "storage: 1200Gi", "storage: <size>", "<size>"),
    "size as a variable": red(STATIC, "storage: 1200Gi", "storage: ${SIZE}Gi", "${SIZE}Gi"),
    "mode": red(STATIC, "- ReadWriteMany", "- <mode>", "<mode>"),
    "an option": red(STATIC, "- flock", "- ${OPTIONS}", "${OPTIONS}"),
    "DNS name": red(
        STATIC, "dnsname: fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com", "dnsname: <dns-name>", "<dns-name>"
    ),
    "part of a DNS name": red(
        STATIC,
        "dnsname: fs-0123456789abcdef0.fsx.eu-west-1",
        "dnsname: fs-0123456789abcdef0.fsx.${AWS_REGION}",
        "AWS_REGION",
    ),
    "mount name": red(STATIC, "mountname: abcdebev", "mountname: <mount-name>", "<mount-name>"),
    "mount name of x": red(STATIC, "mountname: abcdebev", "mountname: xxxxxxxx", "xxxxxxxx"),
    "subnet": red(PROVISIONED, "subnet-0123456789abcdef0", "<subnet-id>", "subnetId"),
    "subnet of x": red(PROVISIONED, "subnet-0123456789abcdef0", "subnet-xxxxxxxx", "subnetId"),
    "group": red(PROVISIONED, "sg-0123456789abcdef0", "${SECURITY_GROUP}", "securityGroupIds"),
    "key": red(PROVISIONED, PARAMETERS, f"{PARAMETERS}\n  kmsKeyId: ${{KMS_KEY}}", "kmsKeyId"),
    "part of a key": red(
        PROVISIONED, PARAMETERS, f"{PARAMETERS}\n  kmsKeyId: arn:aws:kms:eu-west-1:<account-id>:key/abc", "kmsKeyId"
    ),
    "bucket": red(PROVISIONED, PARAMETERS, f"{PARAMETERS}\n  s3ImportPath: s3://<bucket>/in", "s3ImportPath"),
    "bucket of your own": red(
        PROVISIONED, PARAMETERS, f"{PARAMETERS}\n  s3ImportPath: s3://your-bucket-name/in", "s3ImportPath"
    ),
    "type": red(PROVISIONED, "SCRATCH_2", "<deployment-type>", "deploymentType"),
    "version": red(PROVISIONED, '"2.15"', "'{{ version }}'", "fileSystemTypeVersion"),
    "tags": red(PROVISIONED, PARAMETERS, f"{PARAMETERS}\n  extraTags: Team=<team>", "extraTags"),
    "reserved name of a claimRef": red(
        STATIC, "  capacity:", "  claimRef:\n    name: <claim>\n    namespace: default\n  capacity:", "claimRef"
    ),
    "in a comment": green(STATIC, ("kind: PersistentVolume\n", "kind: PersistentVolume # CHANGEME <x>\n")),
    "in an annotation that nobody reads": green(
        STATIC, ("  name: fsx-pv\n", '  name: fsx-pv\n  annotations:\n    note: "see <wiki>"\n')
    ),
}

CLASSES = {
    "no network": Case(edited(CLASS, ("  subnetId: subnet-0123456789abcdef0\n  securityGroupIds: sg-0123456789abcdef0\n", "")), ("subnetId",)),
    "no network with a claim": Case(edited(PROVISIONED, ("  subnetId: subnet-0123456789abcdef0\n  securityGroupIds: sg-0123456789abcdef0\n", "")), ("subnetId",)),
    "no subnet": red(CLASS, "  subnetId: subnet-0123456789abcdef0\n", "", "subnetId"),
    "no groups": red(CLASS, "  securityGroupIds: sg-0123456789abcdef0\n", "", "securityGroupIds"),
    "subnets": red(CLASS, "subnet-0123456789abcdef0", "subnet-0123456789abcdef0,subnet-0123456789abcdef1", "subnetId"),
    "key subnetIds": red(CLASS, "subnetId:", "subnetIds:", "subnetIds"),
    "key subnetid": red(CLASS, "subnetId:", "subnetid:", "subnetid"),
    "key subnet_id": red(CLASS, "subnetId:", "subnet_id:", "subnet_id"),
    "key subnet": red(CLASS, "subnetId:", "subnet:", "subnet"),
    "key securityGroups": red(CLASS, "securityGroupIds:", "securityGroups:", "securityGroups"),
    "key securityGroupId": red(CLASS, "securityGroupIds:", "securityGroupId:", "securityGroupId"),
    "groups with a blank": red(CLASS, "sg-0123456789abcdef0", "sg-0123456789abcdef0, sg-0123456789abcdef1", "sg-0123456789abcdef1"),
    "subnet too short": red(CLASS, "subnet-0123456789abcdef0", "subnet-1234", "subnet-1234"),
    "group too short": red(CLASS, "sg-0123456789abcdef0", "sg-1234", "sg-1234"),
    "group by name": red(CLASS, "sg-0123456789abcdef0", "default", "default"),
    "provisioner without its end": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: fsx.csi.aws", "fsx.csi.aws"),
    "provisioner of amazon": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: fsx.csi.amazon.com", "fsx.csi.amazon.com"),
    "provisioner in capitals": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: FSX.csi.aws.com", "FSX.csi.aws.com"),
    "provisioner turned": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: csi.fsx.aws.com", "csi.fsx.aws.com"),
    "provisioner with dashes": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: fsx-csi.aws.com", "fsx-csi.aws.com"),
    "provisioner of Kubernetes": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: kubernetes.io/aws-fsx", "kubernetes.io/aws-fsx"),
    "provisioner fxs": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: fxs.csi.aws.com", "fxs.csi.aws.com"),
    "provisioner of lustre": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: lustre.csi.aws.com", "lustre.csi.aws.com"),
    "provisioner of EFS with the parameters of FSx": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: efs.csi.aws.com", "efs.csi.aws.com"),
    "provisioner of EBS with the parameters of FSx": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: ebs.csi.aws.com", "ebs.csi.aws.com"),
    "provisioner misspelt and a claim": red(PROVISIONED, "provisioner: fsx.csi.aws.com", "provisioner: fsx.csi.aws", "fsx.csi.aws"),
    "provisioner with a blank": red(CLASS, "provisioner: fsx.csi.aws.com", "provisioner: 'fsx.csi.aws.com '", "fsx.csi.aws.com "),
    "a class of EFS": Case("apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: efs\nprovisioner: efs.csi.aws.com\nparameters:\n  provisioningMode: efs-ap\n"),
    "a class of OpenZFS": Case("apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: zfs\nprovisioner: fsx.openzfs.csi.aws.com\nparameters:\n  ResourceType: filesystem\n  DeploymentType: '\"SINGLE_AZ_1\"'\n"),
    "key deploymentTyp": red(CLASS, "deploymentType:", "deploymentTyp:", "deploymentTyp"),
    "key deploymentTyp beside the right one": red(CLASS, "  deploymentType:", "  deploymentTyp: PERSISTENT_2\n  deploymentType:", "deploymentTyp"),
    "key deploymentType in capitals beside the right one": red(CLASS, "  deploymentType:", "  DeploymentType: PERSISTENT_2\n  deploymentType:", "DeploymentType"),
    "key that says the same beside the right one": amber(CLASS, "  deploymentType:", "  deploymenttype: SCRATCH_2\n  deploymentType:", "deploymenttype"),
    "key of nobody": amber(CLASS, PARAMETERS, f"{PARAMETERS}\n  colour: blue", "colour"),
    "key capacity": amber(CLASS, PARAMETERS, f"{PARAMETERS}\n  storageCapacity: '1200'", "storageCapacity"),
    "key throughput": red(CLASS, PARAMETERS, f"{PARAMETERS}\n  throughput: '200'", "throughput"),
    "key of the provisioner": green(CLASS, (PARAMETERS, f"{PARAMETERS}\n  csi.storage.k8s.io/fstype: lustre")),
    "key s3ImportPaths": red(CLASS, PARAMETERS, f"{PARAMETERS}\n  s3importpath: s3://a-bucket", "s3importpath"),
    "type in lower case": red(CLASS, "SCRATCH_2", "scratch_2", "scratch_2"),
    "type with a dash": red(CLASS, "SCRATCH_2", "SCRATCH-2", "SCRATCH-2"),
    "type of nobody": red(CLASS, "SCRATCH_2", "PERSISTENT", "PERSISTENT"),
    "type of nothing": green(CLASS, ("deploymentType: SCRATCH_2", 'deploymentType: ""'), ('"2.15"', '"2.12"')),
    "throughput missing": Case(edited(CLASS, ("SCRATCH_2", "PERSISTENT_1")), ("perUnitStorageThroughput",)),
    "throughput of the other type": Case(edited(CLASS, ("deploymentType: SCRATCH_2", 'deploymentType: PERSISTENT_2\n  perUnitStorageThroughput: "200"')), ("perUnitStorageThroughput",)),
    "throughput with a unit": Case(edited(CLASS, ("deploymentType: SCRATCH_2", 'deploymentType: PERSISTENT_2\n  perUnitStorageThroughput: "250MB"')), ("perUnitStorageThroughput",)),
    "throughput of a scratch": Case(edited(CLASS, (PARAMETERS, f'{PARAMETERS}\n  perUnitStorageThroughput: "200"')), warns=("perUnitStorageThroughput",)),
    "version of nobody": red(CLASS, '"2.15"', '"2.14"', "2.14"),
    "version without quotes": red(CLASS, '"2.15"', "2.15", "fileSystemTypeVersion"),
    "version 2.10 of the second": Case(edited(CLASS, ("deploymentType: SCRATCH_2", 'deploymentType: PERSISTENT_2\n  perUnitStorageThroughput: "250"'), ("2.15", "2.10")), ("fileSystemTypeVersion",)),
    "compression in lower case": red(CLASS, PARAMETERS, f"{PARAMETERS}\n  dataCompressionType: lz4", "lz4"),
    "compression of nothing": green(CLASS, (PARAMETERS, f"{PARAMETERS}\n  dataCompressionType: NONE")),
    "compression none in lower case": red(CLASS, PARAMETERS, f"{PARAMETERS}\n  dataCompressionType: none", "dataCompressionType"),
    "tags with a blank": green(CLASS, (PARAMETERS, f"{PARAMETERS}\n  extraTags: Team=machine learning,Stage=test")),
    "tags with a colon": red(CLASS, PARAMETERS, f"{PARAMETERS}\n  extraTags: 'Team:ml'", "extraTags"),
    "tags with two equals signs": red(CLASS, PARAMETERS, f"{PARAMETERS}\n  extraTags: a=b=c", "extraTags"),
    "backups of a scratch": Case(edited(CLASS, (PARAMETERS, f'{PARAMETERS}\n  automaticBackupRetentionDays: "7"')), warns=("automaticBackupRetentionDays",)),
    "a bool with a word": red(CLASS, PARAMETERS, f"{PARAMETERS}\n  copyTagsToBackups: 'yes'", "copyTagsToBackups"),
    "iops without the mode": Case(edited(CLASS, ("deploymentType: SCRATCH_2", 'deploymentType: PERSISTENT_2\n  perUnitStorageThroughput: "250"\n  metadataIops: "1500"')), warns=("metadataIops",)),
    "ReadOnlyMany is refused": Case(edited(PROVISIONED, ("- ReadWriteMany", "- ReadOnlyMany")), ("ReadOnlyMany",)),
    "an option of a class": red(CLASS, "- flock", "- nfsvers=4.1", "nfsvers"),
    "a class without parameters": green(STATIC + "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: fsx-static\nprovisioner: fsx.csi.aws.com\n"),
    "no version, no node": green(CLASS, ('  fileSystemTypeVersion: "2.15"\n', "")),
}  # fmt: skip

CASES = {f"{part}: {name}": case for part, cases in (
    ("fields", FIELDS), ("kinds", KINDS), ("names", NAMES), ("binding", BINDING), ("volumes", VOLUMES), ("stand-ins", STAND_INS), ("classes", CLASSES),
) for name, case in cases.items()}  # fmt: skip


def judged(path: Path) -> tuple[list[str], list[str], int]:
    """The messages that fail and that warn, and the exit code."""
    request = build_request(command.make_context("run", ["-f", str(path), "--offline"]).params)
    report = report_on(execute(request), request)
    found = [(f.verdict, f"{f.subject}: {f.message} [{f.check}]") for f in report.findings]
    return (
        [message for verdict, message in found if verdict is Verdict.FAIL],
        [message for verdict, message in found if verdict in (Verdict.WARN, Verdict.UNKNOWN)],
        report.exit_code,
    )


@pytest.mark.parametrize("name", CASES)
def test_it_is_judged_as_those_after_it_would(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    path = tmp_path / "x.yaml"
    path.write_text(case.text)
    fails, warns, code = judged(path)
    assert len(fails) == len(case.fails), fails
    assert len(warns) == len(case.warns), warns
    for words, messages in ((case.fails, fails), (case.warns, warns)):
        assert all(any(word in message for message in messages) for word in words), messages
    assert code == (3 if case.fails else 0 if case.code is None else case.code)
