"""AWS Systems Manager Run Command: the control plane of the lab, with answers written down beforehand.

A command goes Pending, InProgress, then to its state; a just-sent one is not known for a moment, as in AWS.
"""

import re
import time
from dataclasses import dataclass, field

from tests.lab.aws.documents import Document, Operation, answer_document, page
from tests.lab.aws.errors import Answer, ServiceError
from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.aws.request import AwsRequest

_UNKNOWN_SECONDS = 0.15
_PENDING_SECONDS = 0.25
# GetCommandInvocation keeps the first 24,000 characters, a plugin's Output in ListCommandInvocations 2,500.
_CONTENT_LIMIT = 24_000
_PLUGIN_OUTPUT_LIMIT = 2_500
_MAX_INSTANCES = 50


@dataclass(frozen=True)
class CommandResult:
    """What a command ends in on an instance; `state` InProgress means it never ends."""

    stdout: str = ""
    stderr: str = ""
    response_code: int = 0
    state: str = "Success"
    seconds: float = 0.4


@dataclass
class SsmState:
    """Managed instances, the script of answers, and the commands sent."""

    # instance id -> ping status: Online, ConnectionLost or Inactive.
    instances: dict[str, str] = field(default_factory=dict)
    # (regular expression over instance ids, result): the first that matches answers.
    script: list[tuple[str, CommandResult]] = field(default_factory=list)
    commands: dict[str, Document] = field(default_factory=dict)


class Ssm:
    """Serves Run Command; `state` is everything it knows."""

    def __init__(self) -> None:
        self.state = SsmState()
        self._operations: dict[str, Operation] = {
            "DescribeInstanceInformation": self._describe_instances,
            "SendCommand": self._send_command,
            "GetCommandInvocation": self._get_invocation,
            "ListCommandInvocations": self._list_invocations,
            "ListCommands": self._list_commands,
            "CancelCommand": self._cancel,
        }

    def handle(self, request: AwsRequest) -> Answer:
        """Answers one request."""
        return answer_document(request, self._operations, "application/x-amz-json-1.1")

    def _describe_instances(self, request: AwsRequest, arguments: Document) -> Document:
        wanted: set[str] | None = None
        for clause in arguments.get("Filters", ()):
            if clause["Key"] == "InstanceIds":
                wanted = set(clause["Values"])
        found = [
            {
                "InstanceId": instance_id,
                "PingStatus": ping,
                "LastPingDateTime": time.time(),
                "AgentVersion": "3.3.3050.0",
                "PlatformType": "Linux",
                "PlatformName": "Amazon Linux",
                "PlatformVersion": "2023",
                "ResourceType": "EC2Instance",
            }
            for instance_id, ping in sorted(self.state.instances.items())
            if wanted is None or instance_id in wanted
        ]
        items, rest = page(found, {"MaxResults": 50} | arguments, "MaxResults", "NextToken")
        return {"InstanceInformationList": items} | rest

    def _send_command(self, request: AwsRequest, arguments: Document) -> Document:
        instance_ids = arguments.get("InstanceIds", [])
        if len(instance_ids) > _MAX_INSTANCES:
            raise ServiceError("ValidationException", "InstanceIds: at most 50 instance IDs in one request.")
        offline = [i for i in instance_ids if self.state.instances.get(i) != "Online"]
        if offline:
            text = f"Instances [[{', '.join(offline)}]] not in a valid state for account {ACCOUNT}"
            raise ServiceError("InvalidInstanceId", text)
        command_id = f"{len(self.state.commands) + 1:08x}-1f0c-4ab1-9d6e-2c5d6f3b7a10"
        command: Document = {
            "CommandId": command_id,
            "DocumentName": arguments.get("DocumentName", ""),
            "Comment": arguments.get("Comment", ""),
            "Parameters": arguments.get("Parameters", {}),
            "InstanceIds": instance_ids,
            "Targets": arguments.get("Targets", []),
            "RequestedDateTime": time.time(),
            "Status": "Pending",
            "StatusDetails": "Pending",
            "TargetCount": len(instance_ids),
            "TimeoutSeconds": arguments.get("TimeoutSeconds", 3600),
            "MaxConcurrency": arguments.get("MaxConcurrency", "50"),
            "MaxErrors": arguments.get("MaxErrors", "0"),
        }
        self.state.commands[command_id] = command
        return {"Command": command}

    def _invocation(self, command: Document, instance_id: str) -> tuple[str, CommandResult]:
        result = next(
            (result for pattern, result in self.state.script if re.fullmatch(pattern, instance_id)), CommandResult()
        )
        if command["Status"] == "Cancelled":
            return "Cancelled", CommandResult()
        age = time.time() - command["RequestedDateTime"]
        if age < _PENDING_SECONDS:
            return "Pending", CommandResult()
        if age < result.seconds or result.state == "InProgress":
            return "InProgress", CommandResult()
        return result.state, result

    def _get_invocation(self, request: AwsRequest, arguments: Document) -> Document:
        command = self.state.commands.get(arguments["CommandId"])
        instance_id = arguments["InstanceId"]
        if (
            command is None
            or instance_id not in command["InstanceIds"]
            or time.time() - command["RequestedDateTime"] < _UNKNOWN_SECONDS
        ):
            raise ServiceError("InvocationDoesNotExist", "")
        state, result = self._invocation(command, instance_id)
        return {
            "CommandId": command["CommandId"],
            "InstanceId": instance_id,
            "DocumentName": command["DocumentName"],
            "PluginName": "aws:runShellScript",
            "ResponseCode": result.response_code if state in ("Success", "Failed") else -1,
            "Status": state,
            "StatusDetails": state,
            "StandardOutputContent": result.stdout[:_CONTENT_LIMIT],
            "StandardErrorContent": result.stderr[:_CONTENT_LIMIT],
        }

    def _list_invocations(self, request: AwsRequest, arguments: Document) -> Document:
        commands = self.state.commands.values()
        if command_id := arguments.get("CommandId"):
            if command_id not in self.state.commands:
                raise ServiceError("InvalidCommandId", "")
            commands = [self.state.commands[command_id]]  # type: ignore[assignment]
        found = []
        for command in commands:
            for instance_id in command["InstanceIds"]:
                if arguments.get("InstanceId", instance_id) != instance_id:
                    continue
                state, result = self._invocation(command, instance_id)
                item: Document = {
                    "CommandId": command["CommandId"],
                    "InstanceId": instance_id,
                    "DocumentName": command["DocumentName"],
                    "RequestedDateTime": command["RequestedDateTime"],
                    "Status": state,
                    "StatusDetails": state,
                }
                if arguments.get("Details"):
                    item["CommandPlugins"] = [
                        {
                            "Name": "aws:runShellScript",
                            "Status": state,
                            "StatusDetails": state,
                            "ResponseCode": result.response_code,
                            "Output": (result.stdout + result.stderr)[:_PLUGIN_OUTPUT_LIMIT],
                        }
                    ]
                found.append(item)
        items, rest = page(found, {"MaxResults": 50} | arguments, "MaxResults", "NextToken")
        return {"CommandInvocations": items} | rest

    def _list_commands(self, request: AwsRequest, arguments: Document) -> Document:
        items, rest = page(list(self.state.commands.values()), arguments, "MaxResults", "NextToken")
        return {"Commands": items} | rest

    def _cancel(self, request: AwsRequest, arguments: Document) -> Document:
        self.state.commands[arguments["CommandId"]]["Status"] = "Cancelled"
        return {}
