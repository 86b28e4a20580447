from collections.abc import Callable
from typing import Any

import pytest

from tests.lab import Lab


@pytest.fixture
def lab(running_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The incident, untouched, with the environment a user would have."""
    running_lab.load("incident")
    for name, value in running_lab.env.items():
        monkeypatch.setenv(name, value)
    return running_lab


@pytest.fixture
def healthy(lab: Lab) -> Lab:
    lab.load("healthy")
    return lab


@pytest.fixture
def kube(lab: Lab) -> Callable[..., Any]:
    """The official client's ApiClient, by kubeconfig; the default is what a user has after update-kubeconfig."""
    from kubernetes import config

    # The client's models make every field optional, and its configuration is untyped: Any keeps the tests readable.
    load: Any = config.new_client_from_config
    return lambda variant="exec": load(str(lab.kubeconfigs[variant]))


@pytest.fixture
def core(kube: Callable[..., Any]) -> Any:
    """CoreV1Api of the default kubeconfig."""
    from kubernetes import client

    return client.CoreV1Api(kube())


@pytest.fixture
def aws(lab: Lab) -> Callable[..., Any]:
    """boto3 clients as a user's: their own keys, no retries unless asked."""
    import boto3
    from botocore.config import Config

    def client(service: str, attempts: int = 0, **options: Any) -> Any:
        return boto3.client(service, config=Config(retries={"max_attempts": attempts}), **options)

    return client
