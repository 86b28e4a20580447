"""What botocore opens and starts by itself for configuration and credentials, kept from hanging or flooding the run."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from diag.decode import decode_json
from diag.sources.supervised import supervise

PROCESS_S = 20.0
"""How long a credential_process may take: one that asks an identity provider takes some seconds."""
PROCESS_LIMIT = 256 * 1024
"""Bytes that it may print."""

_FOLDER = "~/.aws"
_IN_FOLDER = ("config", "credentials", "models", "cli/cache", "sso/cache", "login/cache")
_VARIABLES = (
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CREDENTIAL_FILE", "BOTO_CONFIG", "AWS_DATA_PATH",
    "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_LOGIN_CACHE_DIRECTORY",
)  # fmt: skip
_IN_PROFILE = ("ca_bundle", "web_identity_token_file", "data_path")


def own_files() -> Iterator[str]:
    """Files and folders that botocore reads unasked. Source: botocore 1.43, configprovider.py and credentials.py."""
    yield from (f"{_FOLDER}/{name}" for name in _IN_FOLDER)
    yield "~/.boto"
    for variable in _VARIABLES:
        yield from os.environ.get(variable, "").split(os.pathsep)


def named_files(session: Any) -> Iterator[str]:
    """Files that the profile, or one that it takes its credentials from, names."""
    profiles: dict[str, Any] = {}
    name = "default"
    with contextlib.suppress(Exception):  # the first call says what is wrong with the configuration
        profiles = session.full_config.get("profiles", {})
        name = session.profile or name
    for _ in profiles:
        profile = profiles.get(name, {})
        yield from (str(profile[key]) for key in _IN_PROFILE if key in profile)
        name = profile.get("source_profile", "")


def supervise_credential_processes() -> None:
    """Let each credential_process run supervised from here on: botocore gives it neither time nor memory limits.

    One that fails is not started again until this is called again; botocore would start it for each call.
    """
    from botocore.credentials import ProcessProvider

    ProcessProvider.__init__.__defaults__ = (functools.partial(_CredentialProcess, {}),)


class _CredentialProcess:
    """What botocore uses of `subprocess.Popen`. What is no answer ends with a status and why, as a program would."""

    def __init__(self, failures: dict[tuple[str, ...], str], argv: Sequence[str], **_: Any) -> None:
        self._failures = failures
        self._argv = tuple(argv)
        self.returncode = 1

    def communicate(self) -> tuple[bytes, bytes]:
        """Run it: its answer and why there is none, both UTF-8."""
        if self._argv not in self._failures:
            answer, failure = _run(self._argv)
            if not failure:
                self.returncode = 0
                return answer, b""
            self._failures[self._argv] = failure
        return b"", self._failures[self._argv].encode()


def _run(argv: Sequence[str]) -> tuple[bytes, str]:
    """What the program printed, and why that is no credentials; empty when it is."""
    name = os.path.basename(argv[0]) if argv else ""  # noqa: PTH119 - a command need not be a path
    ran = supervise(
        argv,
        key=f"credential_process {name}",
        feed=b"",
        until=time.monotonic() + PROCESS_S,
        cap=PROCESS_LIMIT,
        environment=os.environ,
        folder=None,
    )
    if ran.is_cut:
        return b"", f"{name} printed more than {PROCESS_LIMIT // 1024} KiB"
    if ran.exit_status is None:
        return b"", f"{name} gave no answer within {PROCESS_S:.0f} s"
    if ran.exit_status:
        return b"", f"{name} ended with status {ran.exit_status}: {ran.complaint}"
    try:
        decode_json(ran.stdout, dict[str, int | str | None])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b"", f"{name} printed no credentials in JSON"
    return ran.stdout, ""
