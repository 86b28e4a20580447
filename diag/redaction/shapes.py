"""What private things look like in running text."""

from __future__ import annotations

import re

ID = (
    r"(?:fs|fsvol|fc|dra|task|backup|eni|sg|sgr|vpc|vpce|subnet|acl|rtb|rtbassoc|pcx|i|mi|igw|eigw|nat|ami|dopt|pl|tgw"
    r"|tgw-attach|lgw|cagw|vgw|cgw|eipalloc|eipassoc|lt|vol|snap|r|a|eks-cluster-fg)-[0-9a-f]{7,20}"
)
"""Ids of EC2, FSx and EKS objects, also mistyped ones a digit or two short. Source: AWS, "Resource IDs", 2025."""
UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
UPPER_HEX = r"[0-9A-F]{32}"
ACCESS_KEY = r"(?:AKIA|ASIA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA|ABIA|ACCA|APKA|ASCA)[A-Z0-9]{12,17}"
"""Source: IAM user guide, "Understanding unique ID prefixes"."""
ACCOUNT = r"[0-9]{12}"
DASHED = r"(?:ip|ec2|host)-(?:\d{1,3}-){3}\d{1,3}"
IPV4 = r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2}(?!\d))?"

IN_WORD = re.compile(
    rf"(?<![A-Za-z0-9])(?P<id>(?i:{ID}))(?![A-Za-z0-9])"
    rf"|(?<![0-9a-fA-F])(?P<uuid>{UUID})(?![0-9a-fA-F])"
    rf"|(?<![A-Za-z0-9])(?P<dashed>{DASHED})(?!\d)"
    rf"|(?<![A-Za-z0-9])(?P<upper>{UPPER_HEX})(?![A-Za-z0-9])"
    rf"|(?<![A-Za-z0-9])(?P<access>{ACCESS_KEY})(?![A-Za-z0-9])"
    rf"|(?<!\d)(?P<account>{ACCOUNT})(?!\d)"
    rf"|(?<![\d.])(?<![vV])(?P<ipv4>{IPV4})(?!\d|\.\d)"
)
"""Things that have a shape of their own, wherever they appear."""

ARN = re.compile(r"arn:aws[a-z-]{0,10}:[a-z0-9-]*:[a-z0-9-]*:(?:\d{12}|aws)?:[^\s\"'<>,;)\]}\\]+")
BUCKET = re.compile(r"s3://[^\s\"'<>,;)\]}\\]+")
EMAIL = re.compile(r"(?<![\w.+@-])[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?![\w@])")
HOME = re.compile(r"(?<=/home/)[^/\s\"':]+|(?<=/Users/)[^/\s\"':]+")
IPV6 = re.compile(r"(?<![\w:.])(?=[0-9a-fA-F:]*:[0-9a-fA-F:]*:)[0-9a-fA-F:]{2,39}(?:/\d{1,3})?(?![\w:])")
MAC = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}(?![\w:])")
RANGE = re.compile(rf"(?<![\w.-]){IPV4}(?!\d|\.\d)")
WORD = re.compile(r"[A-Za-z0-9_](?:[\w.@+-]*\w)?")

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
VERSION = re.compile(r"[12]\.\d{1,2}\.\d{1,3}\.\d{1,3}")
"""Four numbers that are a Lustre version rather than an address, unless a `@` or a length follows."""
