"""arm64 nodes whose kernel has 64 KiB pages."""

from __future__ import annotations

import pytest

from checks.client.client_page_size import client_page_size
from diag import Verdict
from tests.checks import given
from tests.checks.given_client_plans import world

UBUNTU_64K = ("Ubuntu 24.04.1 LTS", "6.14.0-1018-aws-64k")
EL_64K = ("Rocky Linux 9.4 (Blue Onyx)", "5.14.0-427.13.1.el9_4.aarch64+64k")


@pytest.mark.parametrize(
    ("os", "verdict"),
    [
        (UBUNTU_64K, Verdict.PASS),
        (("Ubuntu 24.04.1 LTS", "6.8.0-1024-aws-64k"), Verdict.FAIL),
        (EL_64K, Verdict.WARN),
        (given.AL2023, Verdict.PASS),
    ],
)
def test_kernels_with_large_pages(os: tuple[str, str], verdict: Verdict) -> None:
    (found,) = given.findings(client_page_size, **world(given.node(os=os, arch="arm64"), version="2.15"))
    assert found.verdict is verdict
    assert given.verdicts(client_page_size, nodes=given.denied("list nodes")) == (Verdict.UNKNOWN,)
