"""Kubeconfigs as `aws eks update-kubeconfig` writes them, and their plainer cousins."""

import base64
import datetime
import json
import shlex
from pathlib import Path
from typing import Any

from tests.lab.kubernetes.certificates import Certificates

KUBECONFIGS = ("exec", "token", "certificate", "anonymous", "expired")


def write_kubeconfigs(
    folder: Path, server: str, cluster_arn: str, region: str, certificates: Certificates, token: str
) -> dict[str, Path]:
    """Writes one kubeconfig for each way to log in; all name the cluster by its ARN, as EKS's own does."""
    name = cluster_arn.rpartition("/")[2]
    plugin = _token_plugin(folder, token)
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    users: dict[str, dict[str, Any]] = {
        "exec": {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "command": str(plugin),
                "args": arguments,
                "interactiveMode": "IfAvailable",
            }
        },
        "token": {"token": token},
        "certificate": {
            "client-certificate-data": _base64(certificates.client.certificate),
            "client-key-data": _base64(certificates.client.key),
        },
        "anonymous": {},
        "expired": {"token": "k8s-aws-v1.ZXhwaXJlZA"},
    }
    (folder / "ca.pem").write_bytes(certificates.authority)
    written = {}
    for variant, user in users.items():
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "preferences": {},
            "current-context": cluster_arn,
            "clusters": [
                {
                    "name": cluster_arn,
                    "cluster": {"server": server, "certificate-authority-data": _base64(certificates.authority)},
                }
            ],
            "contexts": [{"name": cluster_arn, "context": {"cluster": cluster_arn, "user": cluster_arn}}],
            "users": [{"name": cluster_arn, "user": user}],
        }
        written[variant] = folder / f"kubeconfig-{variant}"
        # JSON is YAML: no dependency is needed to write it.
        written[variant].write_text(json.dumps(document, indent=2))
    return written


def _token_plugin(folder: Path, token: str) -> Path:
    """A stand-in for the `aws` command that knows `eks get-token` only."""
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    credential = {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {},
        # The real one lasts 14 minutes; a lab left standing for a day should still answer.
        "status": {"token": token, "expirationTimestamp": tomorrow.strftime("%Y-%m-%dT%H:%M:%SZ")},
    }
    plugin = folder / "bin" / "aws"
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_text(
        "#!/bin/sh\n"
        'case " $* " in *" eks get-token "*) ;; *) echo "only eks get-token is served" >&2; exit 252 ;; esac\n'
        f"printf '%s\\n' {shlex.quote(json.dumps(credential))}\n"
    )
    plugin.chmod(0o755)
    return plugin


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
