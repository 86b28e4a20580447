"""driver-restarts, driver-version, kubelet-path, startup-taint, node-plugin-eviction."""

from __future__ import annotations

from diag import Kind, Subject
from tests.checks import given

NODE = Subject(Kind.NODE, given.NODE)
