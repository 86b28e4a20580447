"""Argo CD and Flux install the driver's chart: the values in their documents are judged as a values file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import run

WRONG = "arn:aws:iam::<account>:role/fsx"
RIGHT = "arn:aws:iam::111122223333:role/fsx"


def values(arn: str, indent: int) -> str:
    lines = ("controller:", "  serviceAccount:", "    annotations:", f"      eks.amazonaws.com/role-arn: {arn}")
    return "\n".join(" " * indent + line for line in lines)


def application(given: str, chart: str = "aws-fsx-csi-driver") -> str:
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: fsx}}
spec:
  source:
    repoURL: https://kubernetes-sigs.github.io/aws-fsx-csi-driver
    chart: {chart}
    targetRevision: 1.9.0
    helm:
{given}
"""


def set_of(arn: str) -> str:
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: fsx}}
spec:
  template:
    spec:
      sources:
        - repoURL: https://git.invalid/charts
          path: charts/aws-fsx-csi-driver
          helm:
            valuesObject:
{values(arn, 14)}
"""


def release(arn: str) -> str:
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: fsx}}
spec:
  chart: {{spec: {{chart: aws-fsx-csi-driver}}}}
  values:
{values(arn, 4)}
"""


FORMS = {
    "values as text": lambda arn: application("      values: |\n" + values(arn, 8)),
    "values as an object": lambda arn: application("      valuesObject:\n" + values(arn, 8)),
    "a chart around it": lambda arn: application(
        "      values: |\n        aws-fsx-csi-driver:\n" + values(arn, 10), "base"
    ),
    "ApplicationSet": set_of,
    "HelmRelease": release,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("arn", "code"), [(WRONG, 3), (RIGHT, 0)])
def test_values_are_judged_where_they_lie(tmp_path: Path, form: str, arn: str, code: int) -> None:
    text = FORMS[form](arn)
    path = tmp_path / "release.yaml"
    path.write_text(text)
    ran = run("run", "-f", str(path), "--offline", "--format", "json")
    assert ran.code == code, ran.out
    failed = [finding for finding in ran.document["findings"] if finding["verdict"] == "fail"]
    line = text[: text.index("eks.amazonaws.com/role-arn")].count("\n") + 1
    assert [(f["check"], f["location"]["line"]) for f in failed] == [("planned-role", line)] * (code == 3)


def test_values_of_another_chart_are_not_the_drivers(tmp_path: Path) -> None:
    path = tmp_path / "ebs.yaml"
    path.write_text(application("      values: |\n" + values(WRONG, 8), "aws-ebs-csi-driver"))
    ran = run("run", "-f", str(path), "--offline", "--format", "json")
    assert ran.code == 6 and "1 Application" in ran.out


def test_values_that_are_not_yaml_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "release.yaml"
    path.write_text(application("      values: |\n        controller: [\n"))
    ran = run("run", "-f", str(path), "--offline", "--format", "json")
    assert ran.code == 3
    assert "the values of aws-fsx-csi-driver are not YAML" in ran.out
