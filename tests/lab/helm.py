"""Helm's side of the lab: the driver's chart in a repository, and the release that installed what runs.

The chart is made of the recorded objects, with the values put back where the driver's own chart (aws-fsx-csi-driver
1.17.0) has them; so `helm upgrade` renders what a world has, but for what `--set` says.
"""

import base64
import copy
import gzip
import http.server
import io
import json
import ssl
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.faults.driver.objects import CONTROLLER, DRIVER, NODE
from tests.lab.kubernetes.certificates import make_certificates
from tests.lab.kubernetes.world import Object

if TYPE_CHECKING:
    from tests.lab.lab import Lab

HOST = "kubernetes-sigs.github.io"
CHART, VERSION, APP_VERSION = "aws-fsx-csi-driver", "1.17.0", "1.9.0"
_KUBELET = "/var/lib/kubelet"
_MADE = (
    ("csidrivers", DRIVER),
    ("clusterroles", "fsx-csi-external-provisioner-role"),
    ("clusterrolebindings", "fsx-csi-external-provisioner-binding"),
    ("daemonsets", NODE),
    ("deployments", CONTROLLER),
)
"""What the chart makes, of what the recording holds."""
_CLUSTER_WIDE = ("CSIDriver", "ClusterRole", "ClusterRoleBinding")
_SERVERS_OWN = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "deletionTimestamp")
_METADATA = {"apiVersion": "v2", "name": CHART, "version": VERSION, "appVersion": APP_VERSION}
_REGION = "@region@"


class Repository:
    """The driver's chart repository, at its public address: a proxy that answers for that host itself.

    `environment` is what makes helm go there; `home` is where helm keeps what it knows of repositories.
    """

    def __init__(self, folder: Path) -> None:
        certificates = make_certificates("helm", "helm", "127.0.0.1", host=HOST)
        authority, chain = folder / "charts-ca.pem", folder / "charts.pem"
        authority.write_bytes(certificates.authority)
        chain.write_bytes(certificates.server.certificate + certificates.server.key)
        _Handler.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _Handler.context.load_cert_chain(chain)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.environment = {
            "HTTPS_PROXY": self.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(authority),
        }

    def offer(self, lab: "Lab", home: Path) -> None:
        """Puts the chart for the lab's region into the repository, which `home` knows from now on."""
        package = _package(_templates(lab), _defaults(lab))
        _Handler.package = package
        entry = _METADATA | {"urls": [f"{self.url}/{CHART}-{VERSION}.tgz"], "created": "2026-01-01T00:00:00Z"}
        index = {"apiVersion": "v1", "entries": {CHART: [entry]}, "generated": "2026-01-01T00:00:00Z"}
        _Handler.index = json.dumps(index).encode()
        cache, config = home / ".cache/helm/repository", home / ".config/helm"
        for folder in (cache, config):
            folder.mkdir(parents=True, exist_ok=True)
        (cache / f"{CHART}-index.yaml").write_bytes(_Handler.index)
        known = {
            "apiVersion": "",
            "generated": "2026-01-01T00:00:00Z",
            "repositories": [{"name": CHART, "url": self.url}],
        }
        (config / "repositories.yaml").write_text(json.dumps(known))

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    package = index = b""
    context: ssl.SSLContext

    def do_CONNECT(self) -> None:
        if not self.path.startswith(f"{HOST}:"):
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.handle_one_request()

    def do_GET(self) -> None:
        body = self.index if self.path.endswith("index.yaml") else self.package
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def record_release(lab: "Lab") -> None:
    """Stores the release that installed the world's driver, as helm does: in a Secret of its namespace."""
    owner = next((obj for obj in _driver(lab) if _release_of(obj)), None)
    if owner is None:
        return
    name, namespace = _release_of(owner)
    values, chart = _values(lab), _defaults(lab)
    # The release came with an older chart where the driver's tag is the one that its labels name.
    labels = [obj["metadata"].get("labels") or {} for obj in _driver(lab) if obj["kind"] == "DaemonSet"]
    chart["image"]["tag"] = f"v{labels[0].get('app.kubernetes.io/version', APP_VERSION) if labels else APP_VERSION}"
    manifest = "".join(f"---\n{json.dumps(obj)}\n" for obj in _rendered(lab, name, namespace, values))
    release = {
        "name": name,
        "namespace": namespace,
        "version": 1,
        "info": {
            "first_deployed": "2026-01-01T00:00:00Z",
            "last_deployed": "2026-01-01T00:00:00Z",
            "deleted": "",
            "description": "Install complete",
            "status": "deployed",
        },
        "chart": {
            "metadata": _METADATA,
            "lock": None,
            "templates": [
                {"name": f"templates/{file}", "data": base64.b64encode(text.encode()).decode()}
                for file, text in _templates(lab).items()
            ],
            "values": chart,
            "schema": None,
            "files": [],
        },
        "config": _set_by_hand(values, chart),
        "manifest": manifest,
    }
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    lab.kube.add(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": {
                "name": f"sh.helm.release.v1.{name}.v1",
                "namespace": namespace,
                "labels": {"name": name, "owner": "helm", "status": "deployed", "version": "1"},
                "creationTimestamp": lab.site.time(600),
            },
            "data": {"release": base64.b64encode(packed).decode()},
        }
    )


def _driver(lab: "Lab") -> list[Object]:
    """The driver's objects that a chart makes, in this world."""
    return [obj for plural, name in _MADE for obj in lab.kube.all(plural) if obj["metadata"]["name"] == name]


def _release_of(obj: Object) -> tuple[str, str] | None:
    annotations = obj["metadata"].get("annotations") or {}
    name = annotations.get("meta.helm.sh/release-name")
    return (name, annotations["meta.helm.sh/release-namespace"]) if name else None


def _recorded(lab: "Lab") -> list[Object]:
    """The objects as the chart makes them with its recorded values, without what the server added."""
    found = [obj for kind, name in _MADE for obj in lab.site.load(kind) if obj["metadata"]["name"] == name]
    for obj in found:
        obj.pop("status", None)
        metadata = {key: value for key, value in obj["metadata"].items() if key not in _SERVERS_OWN}
        metadata.pop("annotations", None)
        obj["metadata"] = metadata
    return found


def _defaults(lab: "Lab") -> Object:
    """The chart's values."""
    (plugin,) = (obj for obj in _recorded(lab) if obj["kind"] == "DaemonSet")
    repository, _, tag = plugin["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")
    resources = plugin["spec"]["template"]["spec"]["containers"][0]["resources"]
    return {
        "image": {"repository": repository, "tag": tag},
        "node": {
            "tolerateAllTaints": True,
            "tolerations": [],
            "nodeSelector": {},
            "kubeletPath": _KUBELET,
            "resources": resources,
            "dnsPolicy": "ClusterFirst",
            "dnsConfig": {},
        },
        "controller": {"replicaCount": 2, "region": "", "timeout": "5m", "resources": resources},
    }


def _values(lab: "Lab") -> Object:
    """What the release's chart and its settings came to, read back from what runs."""
    values = copy.deepcopy(_defaults(lab))
    for obj in _driver(lab):
        if obj["kind"] not in ("DaemonSet", "Deployment"):
            continue
        spec = obj["spec"]["template"]["spec"]
        plugin = next(container for container in spec["containers"] if container["name"] == "fsx-plugin")
        repository, _, tag = plugin["image"].rpartition(":")
        values["image"] = {"repository": repository, "tag": tag}
        if obj["kind"] == "Deployment":
            values["controller"] |= {"replicaCount": obj["spec"].get("replicas", 2), "resources": plugin["resources"]}
            continue
        selector = {key: value for key, value in spec["nodeSelector"].items() if key != "kubernetes.io/os"}
        root = next(v["hostPath"]["path"] for v in spec["volumes"] if v["name"] == "kubelet-dir")
        values["node"] |= {
            "tolerateAllTaints": {"operator": "Exists"} in spec["tolerations"],
            "nodeSelector": selector,
            "kubeletPath": root.rstrip("/"),
            "resources": plugin["resources"],
            "dnsPolicy": spec.get("dnsPolicy", "ClusterFirst"),
            "dnsConfig": spec.get("dnsConfig", {}),
        }
    return values


def _set_by_hand(values: Object, chart: Object) -> Object:
    """What of the values is not the chart's own."""
    different = {key: value for key, value in values.items() if value != chart.get(key)}
    nested = {key: chart.get(key) for key, value in different.items() if isinstance(value, dict)}
    return {
        key: _set_by_hand(value, nested[key]) if isinstance(nested.get(key), dict) else value
        for key, value in different.items()
    }


def _templates(lab: "Lab") -> dict[str, str]:
    """The chart's templates: each recorded object as JSON, which is YAML, with expressions where values go."""
    return {f"{obj['kind'].lower()}.yaml": _template(obj) for obj in _recorded(lab)}


def _template(obj: Object) -> str:
    obj = copy.deepcopy(obj)
    expressions: list[str] = []

    def expression(text: str) -> str:
        expressions.append(text)
        return f"@@{len(expressions) - 1}@@"

    _set_instance(obj, expression("{{ .Release.Name | toJson }}"))
    obj["metadata"]["annotations"] = {
        "meta.helm.sh/release-name": expression("{{ .Release.Name | toJson }}"),
        "meta.helm.sh/release-namespace": expression("{{ .Release.Namespace | toJson }}"),
    }
    if "namespace" in obj["metadata"]:
        obj["metadata"]["namespace"] = expression("{{ .Release.Namespace | toJson }}")
    if obj["kind"] in ("DaemonSet", "Deployment"):
        part = ".Values.node" if obj["kind"] == "DaemonSet" else ".Values.controller"
        spec = obj["spec"]["template"]["spec"]
        for container in spec["containers"]:
            if container["name"] == "fsx-plugin":
                image = 'printf "%s:%s" .Values.image.repository .Values.image.tag'
                container["image"] = expression(f"{{{{ {image} | toJson }}}}")
                container["resources"] = expression(f"{{{{ {part}.resources | toJson }}}}")
                if obj["kind"] == "Deployment":
                    container["env"] = expression(_environment(container["env"]))
            container["args"] = [
                expression('{{ printf "--timeout=%s" .Values.controller.timeout | toJson }}')
                if argument.startswith("--timeout=")
                else argument
                for argument in container.get("args", ())
            ]
        if obj["kind"] == "Deployment":
            obj["spec"]["replicas"] = expression("{{ .Values.controller.replicaCount }}")
        else:
            selector = '{{ merge (dict "kubernetes.io/os" "linux") .Values.node.nodeSelector | toJson }}'
            spec["nodeSelector"] = expression(selector)
            spec["tolerations"] = expression(_TOLERATIONS)
            spec["dnsPolicy"] = expression("{{ .Values.node.dnsPolicy | toJson }}")
            spec["dnsConfig"] = expression("{{ .Values.node.dnsConfig | toJson }}")
            for holder, key in _under_kubelet(spec):
                rest = json.dumps(holder[key].removeprefix(_KUBELET))
                holder[key] = expression(f"{{{{ print .Values.node.kubeletPath {rest} | toJson }}}}")
    text = json.dumps(obj, indent=1)
    for number, value in enumerate(expressions):
        text = text.replace(f'"@@{number}@@"', value)
    return text


_TOLERATIONS = (
    '{{ if .Values.node.tolerateAllTaints }}[{"operator":"Exists"}]{{ else }}'
    '{{ concat .Values.node.tolerations (list (dict "operator" "Exists" "effect" "NoExecute" "tolerationSeconds" 300))'
    " | toJson }}{{ end }}"
)


def _environment(variables: list[Object]) -> str:
    """The controller's variables, and its region when one is set."""
    with_region = [*variables, {"name": "AWS_REGION", "value": _REGION}]
    region = json.dumps(with_region).replace(json.dumps(_REGION), "{{ .Values.controller.region | toJson }}")
    return f"{{{{ if .Values.controller.region }}}}{region}{{{{ else }}}}{json.dumps(variables)}{{{{ end }}}}"


def _rendered(lab: "Lab", name: str, namespace: str, values: Object) -> list[Object]:
    """The manifest of the release: what the templates give with these values."""
    objects = _recorded(lab)
    node, controller = values["node"], values["controller"]
    for obj in objects:
        _set_instance(obj, name)
        obj["metadata"]["annotations"] = {
            "meta.helm.sh/release-name": name,
            "meta.helm.sh/release-namespace": namespace,
        }
        if obj["kind"] in _CLUSTER_WIDE:
            continue
        obj["metadata"]["namespace"] = namespace
        spec = obj["spec"]["template"]["spec"]
        plugin = next(container for container in spec["containers"] if container["name"] == "fsx-plugin")
        plugin["image"] = f"{values['image']['repository']}:{values['image']['tag']}"
        plugin["resources"] = (node if obj["kind"] == "DaemonSet" else controller)["resources"]
        if obj["kind"] == "Deployment":
            obj["spec"]["replicas"] = controller["replicaCount"]
            continue
        spec["nodeSelector"] = {"kubernetes.io/os": "linux"} | node["nodeSelector"]
        limited = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        spec["tolerations"] = [{"operator": "Exists"}] if node["tolerateAllTaints"] else [limited]
        spec |= {"dnsPolicy": node["dnsPolicy"], "dnsConfig": node["dnsConfig"]}
        for holder, key in _under_kubelet(spec):
            holder[key] = holder[key].replace(_KUBELET, node["kubeletPath"])
    return objects


def _under_kubelet(spec: Any) -> Iterator[tuple[dict[str, str], str]]:
    """Where a pod's spec names a path under the kubelet's root: host paths, mounts, the registrar's variable."""
    containers = spec["containers"]
    holders = [
        *((volume["hostPath"], "path") for volume in spec["volumes"] if "hostPath" in volume),
        *((mount, "mountPath") for container in containers for mount in container.get("volumeMounts", ())),
        *((item, "value") for container in containers for item in container.get("env", ()) if "value" in item),
    ]
    yield from ((holder, key) for holder, key in holders if holder[key].startswith(_KUBELET))


def _set_instance(part: Any, name: str) -> None:
    """Puts the release's name where the chart labels and selects by it."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if key == "app.kubernetes.io/instance":
            part[key] = name
        elif isinstance(value, dict | list):
            _set_instance(value, name)


def _package(templates: dict[str, str], values: Object) -> bytes:
    """The chart as `helm package` makes it."""
    files: dict[str, Any] = {"Chart.yaml": json.dumps(_METADATA), "values.yaml": json.dumps(values)}
    files |= {f"templates/{file}": text for file, text in templates.items()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"{CHART}/{file}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
