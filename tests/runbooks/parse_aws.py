"""Runs aws command lines through the real aws program up to the request, which is never sent.

With `--ask` the requests are sent, to where the environment says.

Executed by the Python that has awscli: a JSON list of argument lists comes on standard input, a list of complaints of
the same length goes to standard output, empty where there is none.
"""

import contextlib
import functools
import io
import json
import os
import pathlib
import re
import sys
import tempfile
import time
from unittest import mock

import awscli.clidriver
import botocore.awsrequest

ASK = "--ask" in sys.argv
LOADER = awscli.clidriver.create_clidriver().session.get_component("data_loader")


def _answer(model, **_):
    return botocore.awsrequest.AWSResponse("https://nowhere.invalid", 200, {}, io.BytesIO()), {}


def _wait(_):
    # A waiter that gets as far as waiting was understood.
    raise SystemExit(0)


@functools.cache
def driver_for(service, operation):
    """A driver for one operation: what aws adds to some arguments stays in the driver and breaks other operations."""
    driver = awscli.clidriver.create_clidriver()
    driver.session.register_component("data_loader", LOADER)
    if not ASK:
        driver.session.register("before-call", _answer)
    return driver


READS_ON = {"'Stacks'"}
"""What a command lacks in the empty answer to a first request, which it has understood: `cloudformation deploy`."""
RECORD = '{"Changes": [{"Action": "DELETE", "ResourceRecordSet": {"Name": "x", "Type": "A"}}]}'

GROUPS = (
    '[{"InstanceGroupName": "x", "InstanceType": "ml.c5.large", "InstanceCount": 1, "ExecutionRole":'
    ' "arn:aws:iam::123456789012:role/x", "LifeCycleConfig": {"SourceS3Uri": "s3://x", "OnCreate": "x.sh"}}]'
)
GROUP = '{"clusterName": "x", "nodeRole": "x", "subnets": ["subnet-1"]}'
LINK = '{"FileSystemId": "fs-0123456789abcdef0", "DataRepositoryPath": "s3://x/y"}'


def complaint(argv):
    """What aws says against a command line, empty when it would have sent a request."""
    files = re.findall(r"(?:file://|--template-file )(\S+)", " ".join(argv))
    # What the file holds is not known here: one of the kinds of document has to fit.
    documents = ("{}", "[]", RECORD, GROUPS, GROUP, LINK) if files else ("{}",)
    return min((_said(argv, files, document) for document in documents), key=bool)


def _said(argv, files, document):
    for name in files:
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document)
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        try:
            code = driver_for(*argv[:2]).main(argv)
        except SystemExit as left:
            code = left.code
    complaint = said.getvalue().strip()
    if not code or (complaint in READS_ON and not ASK):
        return ""
    return complaint or f"exit {code}"


def main():
    """Judge every line of standard input."""
    os.environ |= (
        {}
        if ASK
        else {
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_PAGER": "",
        }
    )
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(time, "sleep", _wait):
        os.chdir(folder)
        complaints = [complaint(argv) for argv in json.load(sys.stdin)]
    json.dump(complaints, sys.stdout)


if __name__ == "__main__":
    main()
