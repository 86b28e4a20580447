"""Interface endpoints of a VPC, in the API's own shape (ec2 2016-11-15)."""

from __future__ import annotations

import msgspec


class VpcEndpoint(msgspec.Struct, frozen=True, rename="pascal"):
    """A VPC endpoint."""

    vpc_endpoint_id: str
    service_name: str = ""
    vpc_id: str = ""
    state: str = ""
    private_dns_enabled: bool = False

    @property
    def service(self) -> str:
        """`sts` of `com.amazonaws.eu-west-1.sts` or `cn.com.amazonaws.cn-north-1.sts`."""
        return self.service_name.rpartition(".")[2]
