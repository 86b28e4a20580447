"""The one HTTP door of the lab's AWS: logs, delays, refuses, then hands to our own services or to moto."""

import io
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

from tests.lab.aws.eks import Eks
from tests.lab.aws.errors import Answer, Refusal, ServiceError, error_answer, refuse
from tests.lab.aws.fsx import Fsx
from tests.lab.aws.moto_backends import ACCOUNT, ec2_backend, moto_application, partition_of, s3_backend
from tests.lab.aws.request import AwsRequest, parse_request
from tests.lab.aws.resolver import Resolver
from tests.lab.aws.route53 import list_zones
from tests.lab.aws.simulate import simulate_principal_policy
from tests.lab.aws.ssm import Ssm

# The key with which the lab itself builds and breaks worlds: no switch applies to it.
BUILDER_KEY = "AKIALUSTRELABBUILDER"
# STS: "No permissions are required to perform this operation", not even an explicit deny stops it.
_UNDENIABLE = "sts:GetCallerIdentity"


@dataclass(frozen=True)
class AwsCall:
    """One request that arrived."""

    service: str
    operation: str
    region: str
    permission: str


class InstanceService(Protocol):
    """Answers some of EC2's calls in moto's place."""

    def handle(self, request: AwsRequest) -> Answer | None:
        """The answer, or None for what it does not serve."""


@dataclass
class Switches:
    """What the front does instead of, or before, answering."""

    denied: set[str] = field(default_factory=set)
    delay: float = 0.0
    delays: dict[str, float] = field(default_factory=dict)
    throttled: Counter[str] = field(default_factory=Counter)
    credentials: Refusal | None = None
    silent: set[str] = field(default_factory=set)
    foreign_buckets: set[str] = field(default_factory=set)


class AwsFront:
    """A WSGI application that is the lab's AWS."""

    def __init__(self) -> None:
        self.fsx = Fsx()
        self.eks = Eks()
        self.ssm = Ssm()
        self.resolver = Resolver()
        # Answers EC2 calls about instances that moto does not hold; see tests.lab.fleet.
        self.fleet: InstanceService | None = None
        self.switches = Switches()
        self.calls: list[AwsCall] = []
        # Operations moto could not serve: a test that leans on one should fail loudly, not on a strange code.
        self.unserved: list[str] = []
        # Instances that were restarted: moto keeps no trace of it.
        self.rebooted: list[str] = []
        self.caller_arn = f"arn:aws:iam::{ACCOUNT}:user/oncall"
        self._moto = moto_application()
        self._lock = threading.Lock()
        self._released = threading.Event()

    def release(self) -> None:
        """Lets go of every request that is being kept silent."""
        self._released.set()
        self._released = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {
            name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        if headers.get("x-amz-target", "").startswith("TrentService."):
            # moto's KMS finds a key by its id in some operations, where AWS takes its ARN as well.
            body = re.sub(rb'arn:[^"]*:kms:[^"]*:key/', b"", body, count=1) if b'"KeyId"' in body else body
            environ["CONTENT_LENGTH"] = str(len(body))
        request = parse_request(
            environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), headers, body
        )
        answer = self._before(request) or self._own(request)
        if answer is not None:
            length = ("Content-Length", str(len(answer.body)))
            start_response(f"{answer.status} {answer.status}", [*answer.headers, length])
            return [answer.body]
        return self._through_moto(request, environ, start_response)

    def _before(self, request: AwsRequest) -> Answer | None:
        if request.access_key == BUILDER_KEY:
            return None
        permission, switches = request.permission, self.switches
        with self._lock:
            self.calls.append(AwsCall(request.service, request.operation, request.region, permission))
            throttle = switches.throttled[permission] > 0
            if throttle:
                switches.throttled[permission] -= 1
        if delay := switches.delay + switches.delays.get(permission, 0.0):
            self._released.wait(delay)
        if permission in switches.silent:
            self._released.wait()
        if switches.credentials is not None:
            return refuse(request, switches.credentials, self.caller_arn)
        if permission in switches.denied and permission != _UNDENIABLE:
            return refuse(request, Refusal.DENIED, self.caller_arn)
        if throttle:
            return refuse(request, Refusal.THROTTLED, self.caller_arn)
        return self._bucket_elsewhere(request) if request.service == "s3" else None

    def _own(self, request: AwsRequest) -> Answer | None:
        if self.fleet is not None and (answer := self.fleet.handle(request)) is not None:
            return answer
        match request.service, request.operation:
            case "fsx", _:
                return self.fsx.handle(request)
            case "eks", _:
                return self.eks.handle(request)
            case "ssm", _:
                return self.ssm.handle(request)
            case "iam", "SimulatePrincipalPolicy":
                return simulate_principal_policy(request)
            case "route53resolver" | "route53profiles", _:
                return self.resolver.handle(request)
            case "route53", "ListHostedZonesByVPC":
                return list_zones(request)
            case "ec2", "RebootInstances":
                form = parse_qsl(request.body.decode())
                self.rebooted += [value for name, value in form if name.startswith("InstanceId.")]
            case "ec2", "AcceptTransitGatewayVpcAttachment":
                return _accept_attachment(request)
            case "ec2", "ModifyVpcEndpoint":
                _set_private_dns(request)
        return None

    def _through_moto(
        self, request: AwsRequest, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        environ["wsgi.input"] = io.BytesIO(request.body)
        seen: list[Any] = []
        try:
            with self._lock:  # moto's backends are not made for two writers at once
                chunks = list(self._moto(environ, lambda *start: seen.append(start)))
        except NotImplementedError:
            seen.append(("501 Not Implemented", []))
        if str(seen[-1][0]).startswith(("500", "501")):
            self.unserved.append(request.permission)
            error = ServiceError("InvalidAction", f"The lab does not serve {request.permission}.", 400)
            answer = error_answer(request, error)
            start_response("400 400", [*answer.headers, ("Content-Length", str(len(answer.body)))])
            return [answer.body]
        start_response(*seen[-1])
        return chunks

    def _bucket_elsewhere(self, request: AwsRequest) -> Answer | None:
        """S3's answers for a bucket of another account or of another region than the request was signed for."""
        name = request.parameters.get("bucket", "")
        if name in self.switches.foreign_buckets:
            return error_answer(request, ServiceError("AccessDenied", "Access Denied", 403))
        bucket = s3_backend(request.region).buckets.get(name)
        if bucket is None or request.operation in ("CreateBucket", "GetBucketLocation"):
            return None
        if bucket.region_name == request.region:
            return None
        text = "The bucket you are attempting to access must be addressed using the specified endpoint."
        answer = error_answer(request, ServiceError("PermanentRedirect", text, 301))
        region_header = ("x-amz-bucket-region", str(bucket.region_name))
        return Answer(answer.status, answer.body, (*answer.headers, region_header))


def _set_private_dns(request: AwsRequest) -> None:
    """The one change of an endpoint that moto forgets."""
    form = dict(parse_qsl(request.body.decode()))
    endpoint = ec2_backend(request.region).vpc_end_points.get(form.get("VpcEndpointId", ""))
    if endpoint is not None and "PrivateDnsEnabled" in form:
        endpoint.private_dns_enabled = form["PrivateDnsEnabled"] == "true"


def _accept_attachment(request: AwsRequest) -> Answer:
    """moto knows attachments that are there at once."""
    id_ = dict(parse_qsl(request.body.decode()))["TransitGatewayAttachmentId"]
    ec2_backend(request.region).transit_gateway_attachments[id_].state = "available"
    body = (
        '<AcceptTransitGatewayVpcAttachmentResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1'
        f"</requestId><transitGatewayVpcAttachment><transitGatewayAttachmentId>{id_}</transitGatewayAttachmentId>"
        "<state>available</state></transitGatewayVpcAttachment></AcceptTransitGatewayVpcAttachmentResponse>"
    )
    return Answer(200, body.encode(), (("Content-Type", "text/xml"),))


def caller_arn(region: str, user: str) -> str:
    """The ARN of the user whose keys the lab hands out."""
    return f"arn:{partition_of(region)}:iam::{ACCOUNT}:user/{user}"
