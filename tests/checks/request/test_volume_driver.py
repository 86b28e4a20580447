"""A volume that means an FSx for Lustre file system names the driver fsx.csi.aws.com."""

from __future__ import annotations

import pytest

from checks.request.volume_driver import names_the_driver
from diag.analysis.volumes import FILE_CACHE_DRIVER
from diag.model.verdict import Verdict
from tests.checks.given import FS, verdicts, volume
from tests.checks.given_volume_request import only


class TestDriver:
    @pytest.mark.parametrize("driver", ["efs.csi.aws.com", "fsx.csi.amazon.com", "fsx.openzfs.csi.aws.com"])
    def test_another_driver_on_a_lustre_volume(self, driver: str) -> None:
        finding = only(names_the_driver, persistent_volumes=(volume(driver=driver),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pv-wrong-driver")

    def test_a_siblings_own_volume_is_not_lustres(self) -> None:
        openzfs = volume(
            driver="fsx.openzfs.csi.aws.com",
            attributes={"DNSName": f"{FS}.fsx.us-east-1.amazonaws.com", "ResourceType": "filesystem"},
        )
        efs = volume("efs-pv", driver="efs.csi.aws.com", attributes={})
        assert verdicts(names_the_driver, persistent_volumes=(openzfs, efs)) == ()

    def test_a_cache_with_its_own_driver_is_no_file_system(self) -> None:
        attributes = {"dnsname": "fc-0123456789abcdef0.fsx.us-east-1.amazonaws.com", "mountname": "cachebev"}
        cache = volume(driver=FILE_CACHE_DRIVER, attributes=attributes)
        assert verdicts(names_the_driver, persistent_volumes=(cache,)) == ()
