"""Container image references, read by the rules that a container runtime reads them by."""

from __future__ import annotations

import re

import msgspec

from diag.knowledge.partitions import partition_of

_COMPONENT = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_COMPONENT}(?:\.{_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::\d+)?"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_DOMAIN})/)?(?P<repository>{_PATH}(?:/{_PATH})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-zA-Z][a-zA-Z0-9]*(?:[+._-][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
"""Source: github.com/distribution/reference, reference.go (grammar of a reference)."""
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr(?P<joint>[.-])ecr(?P<fips>-fips)?\.(?P<region>[^.]+)\.(?P<suffix>.+)", re.ASCII
)
"""Source: Amazon ECR User Guide, private registry URIs (`dkr.ecr`, `dkr.ecr-fips`, and `dkr-ecr` for IPv4 and IPv6)."""

LONGEST = 255 + 128 + 200
DEFAULT_HOST = "docker.io"
_PLACEHOLDERS = re.compile(r"[<>{}$]")


class Image(msgspec.Struct, frozen=True):
    """A reference taken apart."""

    text: str
    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def ecr(self) -> EcrHost | None:
        """The host as a private ECR registry, None when it is none."""
        match = _ECR.fullmatch(self.host)
        if match is None:
            return None
        return EcrHost(match["account"], match["region"], match["suffix"], bool(match["fips"]), match["joint"] == "-")


class EcrHost(msgspec.Struct, frozen=True):
    """A private ECR registry by its host name."""

    account: str
    region: str
    suffix: str
    fips: bool = False
    dual_stack: bool = False

    @property
    def expected_suffix(self) -> str:
        """How the host has to end in its region; empty where no table tells."""
        partition = partition_of(self.region)
        return partition.dns_suffix if partition and not self.dual_stack else ""


class BadImage(msgspec.Struct, frozen=True):
    """A text that no runtime takes for an image."""

    text: str
    why: str


def parse_image(text: str) -> Image | BadImage:
    """The image that a runtime would pull: `docker.io` where no host is written."""
    if not text:
        return BadImage(text, "it is empty")
    if len(text) > LONGEST:
        return BadImage(text[:80] + "…", f"it has {len(text)} characters")
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return BadImage(text, _why_not(text))
    host, repository = match["host"] or "", match["repository"]
    if host and not _is_host(host):
        host, repository = "", f"{host}/{repository}"
    if len(repository) > 255:
        return BadImage(text[:80] + "…", "the repository name has more than 255 characters")
    return Image(text, host or DEFAULT_HOST, repository, match["tag"] or "", match["digest"] or "")


def _is_host(part: str) -> bool:
    """Whether the part before the first slash is a host: `team/image` is a folder of the default registry."""
    return "." in part or ":" in part or part == "localhost" or part != part.lower()


def _why_not(text: str) -> str:
    if ".." in text.partition("/")[0]:
        return "a part of its host name is empty: a variable was empty when it was written"
    if _PLACEHOLDERS.search(text):
        return "it holds a placeholder that was never filled in"
    if text != text.lower() and "/" in text and text.partition("/")[2] != text.partition("/")[2].lower():
        return "repository names are lower case"
    if text.endswith(":"):
        return "its tag is empty"
    if any(char.isspace() for char in text):
        return "it holds a space"
    return "it is not of the form host/repository:tag"
