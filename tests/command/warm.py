"""Imported once by the process from which all commands are forked: every module that a command may load."""

import importlib
import pkgutil

import checks
import diag

LIBRARIES = ("boto3", "botocore.args", "botocore.auth", "dns.asyncbackend", "dns.resolver", "kubernetes.client.rest")

for library in LIBRARIES:
    importlib.import_module(library)
for package in (diag, checks):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
