"""What moto leaves out of Route 53's answers."""

from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.lab.aws.errors import Answer
from tests.lab.aws.moto_backends import route53_backend
from tests.lab.aws.request import AwsRequest

_MOST = 100


def list_zones(request: AwsRequest) -> Answer:
    """ListHostedZonesByVPC with MaxItems, which the service model requires and moto does not send."""
    (vpc,) = parse_qs(request.query)["vpcid"]
    zones = route53_backend(request.region).list_hosted_zones_by_vpc(vpc)
    summaries = "".join(
        f"<HostedZoneSummary><HostedZoneId>{zone['HostedZoneId']}</HostedZoneId><Name>{escape(zone['Name'])}</Name>"
        f"<Owner><OwningAccount>{zone['Owner']['OwningAccount']}</OwningAccount></Owner></HostedZoneSummary>"
        for zone in zones
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListHostedZonesByVPCResponse '
        'xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
        f"<HostedZoneSummaries>{summaries}</HostedZoneSummaries><MaxItems>{_MOST}</MaxItems>"
        "</ListHostedZonesByVPCResponse>"
    )
    return Answer(200, body.encode(), (("Content-Type", "text/xml"),))
