"""How the names and ids of this field are spelt.

Every grammar here admits only characters that mean nothing to a shell and no leading dash, so a value that fits one is
never more than one word of a command, whatever quotes are around it, and never an option.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple


class Grammar(NamedTuple):
    """What a value of one sort looks like."""

    what: str
    """`a Kubernetes name`."""
    pattern: str
    """For the whole value. Compiled when it is first used: most commands need two or three of them."""

    def fits(self, value: str) -> bool:
        """Whether the whole value is spelt like that."""
        return _compiled(self.pattern).fullmatch(value) is not None

    def leading(self, text: str) -> str:
        """The value that a text begins with, where it ends with a word; empty when it begins with none."""
        found = _compiled(rf"(?:{self.pattern})(?!\w)").match(text)
        return found[0] if found else ""


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


_HEX = "[0-9a-f]{8,17}"
"""Old ids have 8 digits, new ones 17. Source: fsx 2018-03-01 FileSystemId; EC2 user guide, resource ids."""

KUBERNETES_NAME = Grammar("a Kubernetes name", r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
"""Source: Kubernetes documentation, object names and ids (RFC 1123 subdomain)."""
KUBERNETES_LABEL = Grammar("a Kubernetes label", r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A namespace, a container. Source: the same (RFC 1123 label)."""
WORKLOAD = Grammar("a Kubernetes kind and name", r"[a-z]{1,63}/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
QUANTITY = Grammar("a Kubernetes quantity", r"[0-9]{1,18}(?:\.[0-9]{1,9})?(?:[EPTGMk]i?|m)?")
PARAMETER = Grammar("a key or value of a StorageClass", r"[A-Za-z0-9_./][A-Za-z0-9_./:,=+@-]{0,250}")
NUMBER = Grammar("a number", r"[0-9]{1,12}")
TIME = Grammar("a time as RFC 3339 writes it", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(?:Z|[+-][0-9:]{4,6})?")
UID = Grammar("a Kubernetes UID", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

ACCOUNT = Grammar("an AWS account id", r"[0-9]{12}")
REGION = Grammar("an AWS Region", r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}")
"""Two letters, or `eusc` of the European Sovereign Cloud. Source: botocore 1.42 partitions.json."""
ZONE = Grammar("an Availability Zone", rf"{REGION.pattern}(?:[a-z]|-[a-z0-9]{{3,8}}-[0-9][a-z])")
PARTITION = Grammar("an AWS partition", r"aws(?:-[a-z]+)*")
ARN = Grammar(
    "an ARN", r"arn:aws(?:-[a-z]+)*:[a-z0-9-]{1,63}:[a-z0-9-]{0,63}:(?:[0-9]{12}|aws)?:[A-Za-z0-9_+=,.@:/-]{1,1024}"
)
ROLE = Grammar("the name of an IAM role", r"[A-Za-z0-9_+=,.@][A-Za-z0-9_+=,.@-]{0,63}")
"""Source: botocore iam 2010-05-08 roleNameType; a leading dash would be an option."""
PERMISSION = Grammar("an AWS action", r"[a-z0-9][a-z0-9-]{0,62}:[A-Za-z0-9]{1,128}")
OBJECT_VERSION = Grammar("the id of a version of an S3 object", r"[A-Za-z0-9._][A-Za-z0-9._-]{0,1023}")
BUCKET = Grammar("the name of an S3 bucket", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
CLUSTER = Grammar("the name of an EKS cluster", r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")
"""Source: botocore eks 2017-11-01 ClusterName."""
FILE_SYSTEM = Grammar("a file-system id (fs- and 8 to 17 hex digits)", rf"fs-{_HEX}")
FILE_CACHE = Grammar("a file-cache id", rf"fc-{_HEX}")
"""Source: fsx 2018-03-01 FileCacheId."""
SECURITY_GROUP = Grammar("a security-group id", rf"sg-{_HEX}")
SUBNET = Grammar("a subnet id", rf"subnet-{_HEX}")
VPC = Grammar("a VPC id", rf"vpc-{_HEX}")
INSTANCE = Grammar("an instance id", rf"m?i-{_HEX}")
HOSTED_ZONE = Grammar("the id of a hosted zone", r"[A-Z0-9]{1,32}")
"""Source: botocore route53 2013-04-01 ResourceId."""
AWS_ID = Grammar("an AWS resource id", rf"[a-z][a-z-]{{0,20}}-{_HEX}")

ISSUER_HOST = Grammar("the host and path of an OIDC issuer", r"[a-z0-9][a-z0-9.-]{0,252}(?:/[A-Za-z0-9._/-]{0,200})?")
ISSUER = Grammar("the URL of an OIDC issuer", rf"https://{ISSUER_HOST.pattern}")
DNS_NAME = Grammar("a DNS name", r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62}){0,30}\.?")
"""Source: RFC 1123 section 2.1; underscores as DNS servers let them pass."""
ADDRESS = Grammar("an IP address", r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:]{2,39}")
HOST = Grammar("a host name or address", rf"(?:{DNS_NAME.pattern})|(?:{ADDRESS.pattern})")
CIDR = Grammar("an address range", r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}/[0-9]{1,2}|[0-9A-Fa-f:]{2,39}/[0-9]{1,3}")
CIDRS = Grammar("address ranges with commas between", rf"(?:{CIDR.pattern})(?:,(?:{CIDR.pattern})){{0,60}}")
PROXY_EXCEPTIONS = Grammar("hosts that no proxy takes, with commas between", r"[A-Za-z0-9.][A-Za-z0-9.:/,_-]{0,2000}")
PORTS = Grammar("a range of ports", r"[0-9]{1,5}(?:-[0-9]{1,5})?")

FSNAME = Grammar("a Lustre file-system name", r"[A-Za-z0-9_][A-Za-z0-9_-]{0,7}")
"""At most eight characters. Source: Lustre 2.15 lustre_disk.h, LUSTRE_MAXFSNAME."""
NID = Grammar("a NID", r"[0-9A-Fa-f.:]{2,39}@(?:tcp|o2ib|kfi|efa|lo|gni)[0-9]{0,5}")
MOUNT_OPTION = Grammar("a mount option", r"[A-Za-z_][A-Za-z0-9_]{0,62}(?:=[A-Za-z0-9_@%+:,./-]{1,200})?")
MODULE = Grammar("a kernel module", r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
KERNEL = Grammar("a kernel release", r"[0-9]{1,3}\.[A-Za-z0-9._+-]{1,120}")
VERSION = Grammar("a version", r"v?[0-9][A-Za-z0-9._+-]{0,60}")
PATH = Grammar("a path", r"/[A-Za-z0-9._@%+=,/~-]{0,1023}")
RELATIVE_PATH = Grammar("a relative path", r"[A-Za-z0-9_][A-Za-z0-9._/@+=,-]{0,1000}")
FILE = Grammar("the name of a file", r"[A-Za-z0-9_][A-Za-z0-9._-]{0,250}")
ERRNO = Grammar("an error number", r"E[A-Z0-9]{1,20}|[0-9]{1,5}")
WORD = Grammar("a word", r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
IMAGE = Grammar("an image", r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,500}")
REPOSITORY = Grammar("an image repository", r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,300}")


def partition_of(arn: str) -> str:
    """The partition of an ARN (`aws`, `aws-cn`); empty where the text is no ARN."""
    return _part_of(arn, 1)


def region_of(arn: str) -> str:
    """The Region of an ARN; empty where it has none or the text is no ARN."""
    return _part_of(arn, 3)


def account_of(arn: str) -> str:
    """The account of an ARN; empty where it has none or the text is no ARN."""
    return _part_of(arn, 4)


def _part_of(arn: str, place: int) -> str:
    parts = arn.split(":", 5)
    return parts[place] if len(parts) == 6 and parts[0] == "arn" else ""
