"""A managed node group of EKS with another image type, beside the present one, and the end of the present one."""

from __future__ import annotations

from diag.advice.replace_node import BOUNDED, EMPTIED
from diag.advice.steps import Values, caution, change, guard, person, save, save_once, undo, wait
from diag.model.fix import Danger, Step, StepKind

_GROUP = "--cluster-name {cluster} --nodegroup-name {nodegroup}"
_NODES = "-l eks.amazonaws.com/nodegroup={nodegroup}"
_NOT_KEPT = (
    "nodegroupName", "nodegroupArn", "createdAt", "modifiedAt", "status", "resources", "health", "version",
    "releaseVersion", "amiType", "launchTemplate", "diskSize", "remoteAccess",
)  # fmt: skip
"""Of DescribeNodegroup's answer what CreateNodegroup does not take, or what the new group has of its own or of its
launch template. Source: botocore's model of eks, Nodegroup and CreateNodegroupRequest.
"""
_GROUP_AS_ASKED = (
    f"del({', '.join(f'.{name}' for name in _NOT_KEPT)}) | del(..|nulls)"
    ' | (.tags // empty) |= with_entries(select(.key | startswith("aws:") | not))'
)
"""A null is refused, and so is a tag that begins with aws:. Source: botocore, ParamValidator; EKS user guide, tags."""
_TEMPLATE_WITHOUT_IMAGE = (
    "del(.ImageId, .UserData, .MetadataOptions.State, .BlockDeviceMappings[]?.Ebs.SnapshotId)"
    ' | (.BlockDeviceMappings[]?.DeviceName | select(. == "/dev/sda1")) |= "/dev/xvda"'
)
"""Without the image EKS takes its own. MetadataOptions has a State that no request takes.

Source: EKS user guide, customize managed nodes with launch templates; botocore, ResponseLaunchTemplateData.
"""
_LEFT = (
    f"sh -c 'left=$(kubectl drain {_NODES} {EMPTIED} --force --dry-run=client) || exit 1;"
    ' case "$left" in *evicting*) echo "$left"; exit 1;; esac\''
)
"""Names what still runs on the nodes. Source: kubectl, drain.go, deleteOrEvictPodsSimple and its dry run."""


def make_group(values: Values) -> tuple[Step, ...]:
    """Make the new group with what the present one has, and move the pods: one node's first, then all."""
    return (
        caution(
            "The new group gets the role, subnets, sizes, labels, taints and tags of the old one, and its launch"
            " template without image and user data. Add what the user data did besides installing the Lustre client."
        ),
        caution(
            "If the group has no launch template (None), leave out the commands about it and --launch-template, and"
            " give the diskSize and remoteAccess that it has with --disk-size and --remote-access."
        ),
        caution("Both groups are billed until you delete the old one. The account's vCPU quota must hold both."),
        save(
            "aws ec2 describe-launch-template-versions --launch-template-name {launch_template} --versions"
            " {template_version} --query 'LaunchTemplateVersions[0].LaunchTemplateData' --output json"
            " > template-of-{nodegroup}.json",
            values,
        ),
        guard(
            f"jq '{_TEMPLATE_WITHOUT_IMAGE}' template-of-{{nodegroup}}.json > template-of-{{new_group}}.json", values
        ),
        change(
            "aws ec2 create-launch-template --launch-template-name {new_group} --launch-template-data"
            " file://template-of-{new_group}.json",
            values,
            changes="Create a launch template with the old one's settings, but without an image.",
        ),
        save(
            f"aws eks describe-nodegroup {_GROUP} --query nodegroup --output json > group-of-{{nodegroup}}.json", values
        ),
        guard(f"jq '{_GROUP_AS_ASKED}' group-of-{{nodegroup}}.json > group-of-{{new_group}}.json", values),
        change(
            "aws eks create-nodegroup --cli-input-json file://group-of-{new_group}.json --nodegroup-name {new_group}"
            " --ami-type {ami_type} --launch-template name={new_group},version=1",
            values,
            changes="Create the new group beside the old one. No pod moves yet.",
        ),
        wait("aws eks wait nodegroup-active --cluster-name {cluster} --nodegroup-name {new_group}", values),
        person(
            "If the command ends with an error, this says why: `aws eks describe-nodegroup --cluster-name {cluster}"
            " --nodegroup-name {new_group} --query nodegroup.health.issues`",
            values,
            kind=StepKind.WAIT,
        ),
        guard(
            "kubectl wait --for=condition=Ready node -l eks.amazonaws.com/nodegroup={new_group} --timeout=10m", values
        ),
        change(f"kubectl cordon {_NODES}", values, changes="Keep new pods off the old group."),
        change(
            f"kubectl drain {{node}} {BOUNDED}",
            values,
            changes="Move the pods of one node first. What is in their emptyDir volumes is lost.",
            danger=Danger.INTERRUPTS,
        ),
        person(
            "`kubectl -n {namespace} get pods -o wide` shows the pod Running on a new node. If it does not mount there,"
            " stop and do what Undo says.",
            values,
            kind=StepKind.WAIT,
        ),
        change(
            f"kubectl drain {_NODES} {BOUNDED}",
            values,
            changes="Move the pods of the other nodes. An error names a pod that a PodDisruptionBudget holds, or that"
            " nothing owns.",
            danger=Danger.INTERRUPTS,
        ),
        undo(f"kubectl uncordon {_NODES}", values),
        undo("aws eks delete-nodegroup --cluster-name {cluster} --nodegroup-name {new_group}", values),
        undo("aws eks wait nodegroup-deleted --cluster-name {cluster} --nodegroup-name {new_group}", values),
        undo("aws ec2 delete-launch-template --launch-template-name {new_group}", values),
    )


def end_group(values: Values) -> tuple[Step, ...]:
    """Delete the former group, whose nodes are closed and empty."""
    return (
        caution(
            "If eksctl, Terraform or CloudFormation made the group, write the new group into it. Run the command that"
            " lists what is left, and let that tool delete the old group (eksctl delete nodegroup)."
        ),
        save_once(f"aws eks describe-nodegroup {_GROUP} --output json > nodegroup-{{nodegroup}}.before.json", values),
        guard("grep -q nodeRole nodegroup-{nodegroup}.before.json", values),
        guard(_LEFT, values),
        change(
            f"aws eks delete-nodegroup {_GROUP}",
            values,
            changes="Delete the old group with its instances, if only DaemonSets run there.",
            danger=Danger.DESTROYS,
        ),
        wait(f"aws eks wait nodegroup-deleted {_GROUP}", values),
        person(
            f"If the command ends with an error, this says why: `aws eks describe-nodegroup {_GROUP} --query"
            " nodegroup.health.issues`",
            values,
            kind=StepKind.WAIT,
        ),
        person("There is none. Make a new group from nodegroup-{nodegroup}.before.json.", values, kind=StepKind.UNDO),
    )
