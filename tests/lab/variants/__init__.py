"""Healthy worlds that look unlike the usual one: a doctor must find nothing wrong in any of them."""

from tests.lab.variants import client, driver, file_system, identity, network, partition, request
from tests.lab.variants.registry import VARIANTS, variant

__all__ = ["VARIANTS", "client", "driver", "file_system", "identity", "network", "partition", "request", "variant"]
