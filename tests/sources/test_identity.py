"""How the identity facts ask AWS and Kubernetes, against sources that write down what they are asked."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from diag.analysis.claims import Provisioning
from diag.analysis.identity.controller import Given, Giver, StaticKeys
from diag.analysis.identity.permissions import Decision, Rights
from diag.knowledge.controller_actions import Use
from diag.model.unavailable import Reason, Unavailable, unwrap
from diag.resources.class_data import Key
from diag.resources.ec2 import GroupRef, InstanceProfile, VpcEndpoint
from diag.resources.fsx import Tag
from diag.resources.iam import ManagedPolicy, Role
from diag.resources.table import Table
from diag.sources.aws.controller_host import controller_groups, controller_instances, vpc_endpoints
from diag.sources.aws.identity import controller_roles, oidc_provider, pod_identity_associations
from diag.sources.aws.rights import controller_rights, fsx_service_role, node_rights, refused_roles
from diag.sources.kubernetes.client import Kube
from diag.sources.kubernetes.facts import static_keys
from tests.checks import given
from tests.checks.given_identity import (
    INSTANCE,
    NODE_GROUP,
    ROLE_ARN,
    absent,
    instance,
    keyed_controller,
    open_group,
    role,
    roles,
    trust,
)

IN_USE = Provisioning(classes=(given.storage_class(),))
IDLE = Provisioning()


GIVEN = Given(Giver.WEB_IDENTITY, ROLE_ARN)
NOBODY = absent("controller Deployment")
AT = "2026-11-24T12:00:00Z"


def rights_of(
    aws: Any,
    *,
    needs: Provisioning | None = None,
    own: Table[Role] | None = None,
    keys: Table[Key] | None = None,
    made: Any = NOBODY,
    volumes: Any = (),
    systems: Any = None,
) -> Table[Rights]:
    """The rights of the controller's role in a world where nothing but what is given is known."""
    own, keys, systems = roles(role()) if own is None else own, keys or Table(), systems or Table()
    return controller_rights(aws, given.identity(), needs or IN_USE, own, GIVEN, keys, made, volumes, systems, AT)


class Recorder:
    """Stands for the AWS session: answers from a table of operations and remembers every call."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def one(self, service: str, operation: str, *, region: str = "", **arguments: Any) -> Any:
        self.asked.append((operation, arguments))
        found = self.answers.get(operation, absent(f"{service}:{operation}"))
        return unwrap(found(**arguments) if callable(found) else found)

    def pages(self, service: str, operation: str, key: str, *, region: str = "", **arguments: Any) -> Any:
        return self.one(service, operation, region=region, **arguments)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]


def denied(action: str) -> Unavailable:
    return Unavailable(action, Reason.DENIED, permission=action)


def test_a_simulation_for_each_service_name_answers_everything_about_a_role() -> None:
    aws = Recorder(SimulatePrincipalPolicy=())
    rights = rights_of(aws)
    assert aws.operations == ["SimulatePrincipalPolicy", "SimulatePrincipalPolicy"]
    keys = [{e["ContextKeyName"]: e["ContextKeyValues"] for e in sent["ContextEntries"]} for _, sent in aws.asked]
    assert [key.get("iam:AWSServiceName") for key in keys] == [None, ["fsx.amazonaws.com"]]
    assert keys[0]["aws:PrincipalArn"] == [ROLE_ARN]
    arguments = aws.asked[0][1]
    assert arguments["PolicySourceArn"] == ROLE_ARN
    assert "fsx:CreateFileSystem" in arguments["ActionNames"]
    assert not any("*" in arn for arn in arguments["ResourceArns"] if arn != "*")
    assert {right.decision for right in rights[ROLE_ARN].rights} == {Decision.UNKNOWN}


def test_nothing_is_asked_where_nothing_is_provisioned() -> None:
    aws = Recorder()
    assert len(rights_of(aws, needs=IDLE)) == 0
    assert len(controller_instances(aws, given.identity(), IDLE, (given.node(),), Table())) == 0
    assert len(node_rights(aws, given.identity(), IDLE, absent("role"), Table({INSTANCE: instance()}))) == 0
    assert aws.asked == []


def test_documents_are_read_only_where_the_simulation_is_denied() -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "fsx:Describe*", "Resource": "*"}]}
    aws = Recorder(
        SimulatePrincipalPolicy=denied("iam:SimulatePrincipalPolicy"),
        ListAttachedRolePolicies=({"PolicyArn": "arn:aws:iam::aws:policy/x"},),
        ListRolePolicies=("inline",),
        GetPolicy={"Policy": {"DefaultVersionId": "v3"}},
        GetPolicyVersion={"PolicyVersion": {"Document": document}},
        GetRolePolicy={"PolicyDocument": {"Statement": []}},
    )
    rights = rights_of(aws)[ROLE_ARN]
    assert ("GetPolicyVersion", {"PolicyArn": "arn:aws:iam::aws:policy/x", "VersionId": "v3"}) in aws.asked
    assert rights.unread is not None and rights.unread.permission == "iam:SimulatePrincipalPolicy"
    decisions = {right.action: right.decision for right in rights.rights}
    assert decisions["fsx:DescribeFileSystems"] is Decision.UNKNOWN
    assert decisions["fsx:CreateFileSystem"] is Decision.DENIED


def test_documents_are_read_where_the_simulation_lacks_keys() -> None:
    allow = {"Effect": "Allow", "Action": "fsx:*", "Resource": "*"}

    def simulate(**sent: Any) -> Any:
        return [
            {
                "EvalActionName": action, "EvalResourceName": arn, "EvalDecision": "allowed",
                "MissingContextValues": ["aws:SourceVpc"],
            }
            for action in sent["ActionNames"] for arn in sent["ResourceArns"]
        ]  # fmt: skip

    aws = Recorder(
        SimulatePrincipalPolicy=simulate,
        ListAttachedRolePolicies=(),
        ListRolePolicies=("inline",),
        GetRolePolicy={"PolicyDocument": {"Statement": [allow]}},
    )
    rights = rights_of(aws)[ROLE_ARN]
    assert rights.denied(Use.CREATE) == rights.undecided(Use.CREATE) == ()
    aws.answers["GetRolePolicy"] = denied("iam:GetRolePolicy")
    unsettled = rights_of(aws)[ROLE_ARN]
    assert {right.why for right in unsettled.undecided(Use.CREATE)} == {"it depends on aws:SourceVpc"}


def test_a_boundary_is_read_where_it_refuses_and_only_there() -> None:
    def simulate(**sent: Any) -> Any:
        bounded = {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": limit == "open"}}
        decision = "allowed" if limit == "open" else "implicitDeny"
        asked = [(action, arn) for action in sent["ActionNames"] for arn in sent["ResourceArns"]]
        return [{"EvalActionName": a, "EvalResourceName": arn, "EvalDecision": decision} | bounded for a, arn in asked]

    arn, document = "arn:aws:iam::111122223333:policy/limit", {"Statement": []}
    aws = Recorder(
        SimulatePrincipalPolicy=simulate,
        GetPolicy={"Policy": {"DefaultVersionId": "v3"}},
        GetPolicyVersion={"PolicyVersion": {"Document": document}},
    )
    found = {}
    for limit in ("open", "closed", "unread"):
        if limit == "unread":
            aws.answers["GetPolicy"] = denied("iam:GetPolicy")
        bound = roles(role(permissions_boundary={"PermissionsBoundaryArn": arn}))
        found[limit] = rights_of(aws, own=bound)[ROLE_ARN].boundary
    assert found == {"open": None, "closed": ManagedPolicy(arn, "v3", document), "unread": ManagedPolicy(arn)}


def test_a_key_of_ones_own_is_asked_about_and_awss_is_not() -> None:
    aws = Recorder(SimulatePrincipalPolicy=())
    own, theirs = (Key("k", f"arn:aws:kms:eu-west-1:1:key/{who}", key_manager=who) for who in ("CUSTOMER", "AWS"))
    rights_of(aws, keys=Table({"a": own, "b": theirs}))
    asked = {arn for _, sent in aws.asked for arn in sent["ResourceArns"]}
    assert own.arn in asked and theirs.arn not in asked
    assert "kms:CreateGrant" in aws.asked[0][1]["ActionNames"]


@pytest.mark.parametrize(
    ("extra", "flag", "keys"),
    [
        ("team=ml", "", ["CSIVolumeName", "team"]),
        ("team=ml", "--extra-tags=cluster=a", ["CSIVolumeName", "cluster", "team"]),
        ("", "", ["CSIVolumeName"]),
    ],
)
def test_iam_is_told_the_tags_that_the_driver_gives(extra: str, flag: str, keys: list[str]) -> None:
    aws = Recorder(SimulatePrincipalPolicy=())
    classes = (given.storage_class(parameters={"extraTags": extra} if extra else {}),)
    made = given.controller()
    plugin, *others = made.spec.template.spec.containers
    plugin = given.replace(plugin, args=(flag,) if flag else None)
    spec = given.replace(made.spec.template.spec, containers=(plugin, *others))
    made = given.replace(made, spec=given.replace(made.spec, template=given.replace(made.spec.template, spec=spec)))
    rights_of(aws, needs=Provisioning(classes), made=made)
    sent = {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in aws.asked[0][1]["ContextEntries"]}
    assert sent["aws:TagKeys"] == keys
    assert "aws:RequestTag/" not in sent and sent.get("aws:RequestTag/team") == (["ml"] if extra else None)


def test_the_tags_of_what_the_driver_made_decide_where_a_policy_asks_for_them() -> None:
    def simulate(**sent: Any) -> Any:
        assert not any("ResourceTag" in entry["ContextKeyName"] for entry in sent["ContextEntries"])
        lacks = {"EvalDecision": "implicitDeny", "MissingContextValues": ["aws:ResourceTag/team"]}
        asked = [(action, arn) for action in sent["ActionNames"] for arn in sent["ResourceArns"]]
        return [{"EvalActionName": action, "EvalResourceName": arn, **lacks} for action, arn in asked]

    by_team = {"StringEquals": {"aws:ResourceTag/team": "ml"}}
    allow = {"Effect": "Allow", "Action": "fsx:DeleteFileSystem", "Resource": "*", "Condition": by_team}
    aws = Recorder(
        SimulatePrincipalPolicy=simulate,
        ListAttachedRolePolicies=(),
        ListRolePolicies=("inline",),
        GetRolePolicy={"PolicyDocument": {"Statement": [allow]}},
    )
    plain = given.volume()
    provisioned = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    made = given.replace(plain, metadata=given.replace(plain.metadata, annotations=provisioned))
    for tags, denied_there in (({"team": "ml"}, False), ({"team": "web"}, True), ({}, True)):
        system = given.file_system(tags=tuple(Tag(key, value) for key, value in tags.items()))
        found = rights_of(aws, volumes=(made,), systems=Table({made.handle: system}))[ROLE_ARN]
        assert bool(found.denied(Use.DELETE)) is denied_there, tags
    assert "aws:ResourceTag/team is ml" in found.denied(Use.DELETE)[0].why


@pytest.mark.parametrize("operation", ["ListAttachedRolePolicies", "ListRolePolicies", "GetRolePolicy"])
def test_documents_that_could_not_be_read_are_named(operation: str) -> None:
    def simulate(**sent: Any) -> Any:
        lacks = {"EvalDecision": "allowed", "MissingContextValues": ["aws:SourceVpc"]}
        asked = [(action, arn) for action in sent["ActionNames"] for arn in sent["ResourceArns"]]
        return [{"EvalActionName": action, "EvalResourceName": arn, **lacks} for action, arn in asked]

    answers = {"ListAttachedRolePolicies": (), "ListRolePolicies": ("inline",), "GetRolePolicy": {"PolicyDocument": {}}}
    aws = Recorder(**{"SimulatePrincipalPolicy": simulate, **answers, operation: denied(f"iam:{operation}")})
    found = rights_of(aws)[ROLE_ARN]
    assert found.unread_documents is not None and found.unread_documents.permission == f"iam:{operation}"
    assert found.undecided(Use.CREATE) and not found.denied(Use.CREATE)


def test_where_both_are_denied_the_simulation_is_what_is_missing() -> None:
    aws = Recorder(
        SimulatePrincipalPolicy=denied("iam:SimulatePrincipalPolicy"),
        ListAttachedRolePolicies=denied("iam:ListAttachedRolePolicies"),
    )
    found = rights_of(aws).get(ROLE_ARN)
    assert isinstance(found, Unavailable)
    assert found.permission == "iam:SimulatePrincipalPolicy"


def test_a_role_that_could_not_be_read_has_rights_that_are_not_known() -> None:
    hidden = roles(missing={ROLE_ARN: denied("iam:GetRole")})
    found = rights_of(Recorder(), own=hidden).get(ROLE_ARN)
    assert isinstance(found, Unavailable)
    assert found.permission == "iam:GetRole"


def test_a_throttled_simulation_is_not_answered_by_documents() -> None:
    throttled = Unavailable("iam:SimulatePrincipalPolicy", Reason.TIMEOUT)
    aws = Recorder(SimulatePrincipalPolicy=throttled, ListAttachedRolePolicies=(), ListRolePolicies=())
    found = rights_of(aws).get(ROLE_ARN)
    assert isinstance(found, Unavailable) and found.reason is Reason.TIMEOUT


def test_the_nodes_role_is_asked_about_only_where_the_controller_has_none() -> None:
    profile = {"InstanceProfile": {"Roles": [{"RoleName": "node", "Arn": "arn:aws:iam::111122223333:role/node"}]}}
    profiled = given.replace(instance(), iam_instance_profile=InstanceProfile("arn:x:instance-profile/p"))
    table = Table({INSTANCE: profiled})
    aws = Recorder(GetInstanceProfile=profile, SimulatePrincipalPolicy=())
    own = Given(Giver.WEB_IDENTITY, ROLE_ARN)
    assert len(node_rights(aws, given.identity(), IN_USE, own, table)) == 0
    assert aws.asked == []
    found = node_rights(aws, given.identity(), IN_USE, absent("role"), table)
    assert list(found.values) == ["arn:aws:iam::111122223333:role/node"]


def test_the_role_of_a_node_is_asked_for_where_a_registry_refused_it() -> None:
    profile = {"InstanceProfile": {"Roles": [{"RoleName": "node", "Arn": "arn:aws:iam::111122223333:role/node"}]}}
    profiled = given.replace(instance(), iam_instance_profile=InstanceProfile("arn:x:instance-profile/p"))
    machines, nodes = Table({INSTANCE: profiled}), (given.node(), given.node("node-b"))
    aws = Recorder(GetInstanceProfile=profile)
    plugin = given.node_plugin()

    def asked(message: str) -> Table[Role]:
        status = given.waiting("fsx-plugin", "ErrImagePull", message)
        pods = tuple(given.plugin_pod(node.name, status, workload=plugin) for node in nodes)
        return refused_roles(aws, given.identity(), pods, (), nodes, machines)

    assert len(asked("manifest unknown")) == 0
    assert aws.asked == []
    found = asked("403 Forbidden")
    assert {name: role.role_name for name, role in found.values.items()} == {given.NODE: "node"}
    assert len(aws.asked) == 1


def test_an_instance_that_was_read_already_is_not_read_again() -> None:
    nodes = (given.node(), given.node("node-b"))
    other = nodes[1].instance_id
    aws = Recorder(DescribeInstances=({"Instances": [{"InstanceId": other}]},))
    found = controller_instances(aws, given.identity(), IN_USE, nodes, Table({INSTANCE: instance(hops=3)}))
    assert set(found.values) == {INSTANCE, other}
    assert aws.asked == [("DescribeInstances", {"Filters": [{"Name": "instance-id", "Values": [other]}]})]
    controller_instances(aws, given.identity(), IN_USE, nodes[:1], Table({INSTANCE: instance()}))
    assert len(aws.asked) == 1


def test_fsxs_role_is_looked_up_only_where_no_file_system_proves_it() -> None:
    aws = Recorder()
    assert fsx_service_role(aws, given.identity(), given.table(given.file_system())) is True
    assert aws.asked == []
    assert fsx_service_role(aws, given.identity(), given.table()) is False
    there = Recorder(GetRole={"Role": {"RoleName": "AWSServiceRoleForAmazonFSx"}})
    assert fsx_service_role(there, given.identity(), given.table()) is True
    hidden = Recorder(GetRole=denied("iam:GetRole"))
    assert isinstance(fsx_service_role(hidden, given.identity(), given.denied("fsx:DescribeFileSystems")), Unavailable)


def test_the_role_is_read_under_the_arn_that_names_it() -> None:
    arn = "arn:aws:iam::111122223333:role/path/other"
    aws = Recorder(GetRole={"Role": {"RoleName": "other", "AssumeRolePolicyDocument": trust()}})
    found = controller_roles(aws, given.identity(), Given(Giver.POD_IDENTITY, arn))
    assert set(found.values) == {arn}
    assert aws.asked == [("GetRole", {"RoleName": "other"})]


@pytest.mark.parametrize("arn", ["arn:aws:iam::111122223333:role/", "fsx csi", "", "role/역할"])
def test_an_annotation_that_names_no_role_is_not_asked_about(arn: str) -> None:
    aws = Recorder()
    controller_roles(aws, given.identity(), Given(Giver.WEB_IDENTITY, arn))
    assert aws.asked == []


def test_without_the_controllers_account_nothing_is_asked() -> None:
    aws = Recorder()
    gone = absent("service account")
    assert pod_identity_associations(aws, given.eks_cluster(), given.identity(), gone) == ()
    assert len(controller_roles(aws, given.identity(), gone)) == 0
    assert aws.asked == []


def test_the_provider_is_asked_for_by_the_clusters_issuer() -> None:
    aws = Recorder(GetOpenIDConnectProvider={"Url": "x", "ClientIDList": ["sts.amazonaws.com"]})
    cluster = given.eks_cluster(arn="arn:aws-cn:eks:cn-north-1:111122223333:cluster/c")
    found = oidc_provider(aws, cluster, given.identity())
    wanted = f"arn:aws-cn:iam::111122223333:oidc-provider/{cluster.issuer_host}"
    assert aws.asked == [("GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": wanted})]
    assert found.client_ids == ("sts.amazonaws.com",)


def test_endpoints_are_read_where_something_is_provisioned() -> None:
    aws = Recorder(DescribeVpcEndpoints=({"VpcEndpointId": "vpce-1", "ServiceName": "com.amazonaws.x.sts"},))
    assert vpc_endpoints(aws, given.identity(), Table()) == ()
    assert aws.asked == []
    (found,) = vpc_endpoints(aws, given.identity(), Table({INSTANCE: instance()}))
    assert found.service == "sts"


def test_only_groups_that_were_not_read_are_asked_for() -> None:
    aws = Recorder(DescribeSecurityGroups=({"GroupId": "sg-1"},))
    serving = VpcEndpoint("vpce-1", "com.amazonaws.x.sts", groups=(GroupRef("sg-1"),))
    images = VpcEndpoint("vpce-2", "com.amazonaws.x.ecr.api", groups=(GroupRef("sg-2"),))
    known = Table({NODE_GROUP: open_group(NODE_GROUP)})
    machines = Table({INSTANCE: instance()})
    found = controller_groups(aws, given.identity(), machines, (serving, images), known)
    assert set(found.values) == {NODE_GROUP, "sg-1"}
    assert aws.asked == [("DescribeSecurityGroups", {"Filters": [{"Name": "group-id", "Values": ["sg-1"]}]})]


class _Server(BaseHTTPRequestHandler):
    """A Kubernetes API with one secret; it sends the whole object to whoever does not ask for metadata alone."""

    accepted: ClassVar[list[str]] = []
    status = 200

    def do_GET(self) -> None:
        accept = self.headers.get("Accept", "")
        type(self).accepted.append(accept)
        metadata = {"name": "aws-secret", "annotations": {"last-applied": "c2VjcmV0"}}
        body: dict[str, Any] = {"kind": "PartialObjectMetadata", "metadata": metadata}
        if "PartialObjectMetadata" not in accept or "application/json," in accept:
            body |= {"data": {"key_id": "c2VjcmV0"}}
        if self.status != 200:
            body = {"kind": "Status", "message": "no"}
        data = json.dumps(body).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def kube(tmp_path: Path) -> Any:
    _Server.accepted, _Server.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    yield Kube(kubeconfig=str(path))
    server.shutdown()
    server.server_close()


def test_of_a_secret_the_metadata_alone_is_asked_for_and_only_its_existence_kept(kube: Kube) -> None:
    found = static_keys(kube, keyed_controller(optional=True))
    assert found == StaticKeys(True, "secret kube-system/aws-secret", True)
    assert _Server.accepted == ["application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"]


@pytest.mark.parametrize(("status", "expected"), [(404, StaticKeys(False)), (403, Reason.DENIED)])
def test_a_secret_that_is_not_there_or_not_shown(kube: Kube, status: int, expected: Any) -> None:
    _Server.status = status
    found = static_keys(kube, keyed_controller(optional=True))
    assert (found.reason if isinstance(found, Unavailable) else found) == expected


def test_a_key_in_the_deployment_itself_needs_no_question(kube: Kube) -> None:
    found = static_keys(kube, keyed_controller(optional=None))
    assert found == StaticKeys(True, "deployment kube-system/fsx-csi-controller")
    assert static_keys(kube, given.controller()) == StaticKeys(False)
    assert _Server.accepted == []


TARGET = "arn:aws:iam::111122223333:role/target"


def test_the_rights_of_a_target_role_count_not_those_of_the_role_that_takes_it() -> None:
    aws = Recorder(SimulatePrincipalPolicy=())
    both = roles(role(), role(arn=TARGET))
    by_target = Given(Giver.POD_IDENTITY, TARGET, ROLE_ARN)
    found = controller_rights(aws, given.identity(), IN_USE, both, by_target, Table(), NOBODY, (), Table(), AT)
    assert tuple(found.values) == (TARGET,)
    assert {sent["PolicySourceArn"] for _, sent in aws.asked} == {TARGET}


@pytest.mark.parametrize(
    ("policy", "decision", "why"),
    [
        ("", Decision.ALLOWED, ""),
        ('{"Statement": {"Effect": "Allow", "Action": "fsx:*", "Resource": "*"}}', Decision.ALLOWED, ""),
        ('{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}', Decision.DENIED, "session policy"),
        ("not json", Decision.UNKNOWN, "session policy"),
    ],
)
def test_a_session_policy_limits_the_rights(policy: str, decision: Decision, why: str) -> None:
    def simulate(**sent: Any) -> Any:
        pairs = ((action, arn) for action in sent["ActionNames"] for arn in sent["ResourceArns"])
        return [{"EvalActionName": a, "EvalResourceName": arn, "EvalDecision": "allowed"} for a, arn in pairs]

    aws = Recorder(SimulatePrincipalPolicy=simulate)
    own = Given(Giver.POD_IDENTITY, ROLE_ARN, session_policy=policy)
    rights = controller_rights(aws, given.identity(), IN_USE, roles(role()), own, Table(), NOBODY, (), Table(), AT)[
        ROLE_ARN
    ]
    create = next(right for right in rights.rights if right.action == "fsx:CreateFileSystem")
    assert create.decision is decision and why in create.why


def test_a_role_of_another_account_is_not_looked_up_by_its_name_here() -> None:
    aws = Recorder(GetRole={"Role": {"RoleName": "target"}})
    theirs = TARGET.replace("111122223333", "999988887777")
    found = controller_roles(aws, given.identity(), Given(Giver.POD_IDENTITY, theirs))
    assert aws.asked == [] and found.missing[theirs].reason is Reason.NOT_ASKED
