"""What only a person knows: the values that a fix has to leave open, by fault and placeholder.

A run can read none of these: which file system was meant, which speed is wanted. Any other open value is a defect.
"""

from __future__ import annotations

from tests.lab.setup import FILE_SYSTEM_ID, MOUNT_NAME

_MEANT = {"<right-handle>": FILE_SYSTEM_ID, "<right-mountname>": MOUNT_NAME, "<file-system>": FILE_SYSTEM_ID}

ANSWERS: dict[str, dict[str, str]] = {
    "volume-unexpanded": _MEANT,
    "mountname-with-absent-directory": {
        "<mount-point>": "/fsx",
        "<user-id>": "1000",
        "<group-id>": "1000",
        "<right-subdirectory>": "datasets",
    },
    "subpath-refused": {"<user-id>": "1000", "<group-id>": "1000", "<right-subdirectory>": "run-7"},
    "file-system-of-another-cluster": _MEANT,
    "storageclass-key-of-another-region": {
        "<parameter-value>": "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    },
    "storageclass-key-gone": {"<parameter-value>": ""},
    "storageclass-throughput-not-a-number": {"<parameter-value>": "250"},
}
