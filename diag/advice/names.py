"""Where a person finds the names that the commands of a page leave open: `<node>`, `<cluster>`, `<security-group>`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from diag.advice.inspect_node import FIND_PLUGIN


class Source(NamedTuple):
    """A command that prints some names, and what each of them is."""

    names: Mapping[str, str]
    command: str = ""
    """Empty where nothing prints them: a person chooses."""
    otherwise: str = ""
    """The command for where the first prints nothing."""
    pages: tuple[str, ...] = ()
    """The causes on whose pages the names have this source in place of the usual one."""


_FILE_SYSTEM = "aws fsx describe-file-systems --file-system-ids {file_system} --query 'FileSystems[0]"
_NODE = "aws ec2 describe-instances --instance-ids {instance} --query 'Reservations[].Instances[]"
_EKS = "aws eks describe-cluster --name {cluster} --query cluster"
_ASSOCIATIONS = (
    "aws eks list-pod-identity-associations --cluster-name {cluster} --namespace {driver_namespace}"
    " --service-account {service_account} --query 'associations[].associationId' --output text"
)
SOURCES = (
    Source(
        {"namespace": "of the pod in question", "pod": "that pod", "node": "the node that it is on"},
        "kubectl get pods -A -o wide",
    ),
    Source(
        {"claim": "the pod's claim", "volume": "the volume that it is bound to", "storage-class": "the class it names"},
        "kubectl -n {namespace} get pvc",
    ),
    Source(
        {"workload": "what owns the pod: deployment/NAME, statefulset/NAME or daemonset/NAME"},
        "kubectl -n {namespace} get deployments,statefulsets,daemonsets",
    ),
    Source(
        {
            "driver-namespace": "where the driver is, mostly kube-system",
            "node-plugin": "its DaemonSet, fsx-csi-node",
            "controller": "its Deployment, fsx-csi-controller",
        },
        "kubectl get daemonsets,deployments -A -l app.kubernetes.io/name=aws-fsx-csi-driver",
    ),
    Source(
        {"node": "the one that the controller's pod is on"},
        "kubectl -n {driver_namespace} get pods -l app=fsx-csi-controller -o wide",
        pages=("imds-unreachable", "irsa-token-expired", "pod-identity-agent-missing"),
    ),
    Source(
        {"node": "one that the webhook's pods are on"},
        "kubectl get pods -A -o wide",
        pages=("pod-creation-refused",),
    ),
    Source(
        {"other-namespace": "the new claim's namespace", "new-claim": "its name"},
        "kubectl get pvc -A",
        pages=("pv-released",),
    ),
    Source(
        {"container": "one of the workload's containers"},
        "kubectl -n {namespace} get {workload} -o jsonpath='{.spec.template.spec.containers[*].name}'",
        pages=("pod-security-refused",),
    ),
    Source({"file": "the stack's template file, as of the last try"}, pages=("sg-rule-propagation-race",)),
    Source({"plugin-pod": "the driver's pod on the node"}, FIND_PLUGIN),
    Source(
        {"node-service-account": "that of the node plugin, mostly fsx-csi-node-sa"},
        "kubectl -n {driver_namespace} get daemonset {node_plugin}"
        " -o jsonpath='{.spec.template.spec.serviceAccountName}'",
    ),
    Source(
        {"service-account": "that of the controller, mostly fsx-csi-controller-sa"},
        "kubectl -n {driver_namespace} get deployment {controller}"
        " -o jsonpath='{.spec.template.spec.serviceAccountName}'",
    ),
    Source(
        {
            "release": "the driver's Helm release",
            "chart-version": "under CHART, what follows aws-fsx-csi-driver-",
            "tag": "of the driver's image: the APP VERSION (appVersion), with v before it",
        },
        "helm list -A --filter fsx",
        otherwise="helm show chart aws-fsx-csi-driver --repo https://kubernetes-sigs.github.io/aws-fsx-csi-driver",
    ),
    Source(
        {"eks-registry": "the Region's own EKS registry, what stands before the first /"},
        "kubectl -n kube-system get daemonsets aws-node kube-proxy"
        " -o jsonpath='{.items[*].spec.template.spec.containers[0].image}'",
    ),
    Source(
        {"node": "one that the controller is on"},
        "kubectl -n {driver_namespace} get pods -l app=fsx-csi-controller -o wide",
        pages=("aws-endpoint-unreachable",),
    ),
    Source({"nodepool": "the NodePool of Karpenter"}, "kubectl get nodes -L karpenter.sh/nodepool"),
    Source(
        {"nodeclass": "the EC2NodeClass of the NodePool"},
        "kubectl get nodepools -o custom-columns=NAME:.metadata.name,CLASS:.spec.template.spec.nodeClassRef.name",
    ),
    Source(
        {"no-proxy": "its present value, then a comma and 169.254.170.23,[fd00:ec2::23]"},
        "kubectl -n {driver_namespace} get deployment {controller}"
        " -o jsonpath='{.spec.template.spec.containers[*].env}'",
        pages=("pod-identity-agent-missing",),
    ),
    Source({"name": "that StatefulSet"}, "kubectl -n {namespace} get statefulsets", pages=("volume-mode-block",)),
    Source({"cluster": "the EKS cluster"}, "aws eks list-clusters --output text"),
    Source(
        {"cluster": "the HyperPod cluster"},
        "aws sagemaker list-clusters --output text",
        pages=("hyperpod-lifecycle-mount",),
    ),
    Source(
        {"cluster-name": "of the ParallelCluster"},
        "pcluster list-clusters --query 'clusters[].[clusterName,clusterStatus]'",
    ),
    Source(
        {"stream": "the one whose name ends in .chef-client"},
        "pcluster list-cluster-log-streams --cluster-name {cluster_name} --query 'logStreams[].logStreamName'",
        pages=("parallelcluster-bootstrap-timeout",),
    ),
    Source(
        {"nodegroup": "the node's group; none where Karpenter or EKS Auto Mode made the node"},
        "kubectl get nodes -L eks.amazonaws.com/nodegroup",
    ),
    Source(
        {"instance": "what it ends in (i-…); EC2 does not list those of HyperPod"},
        "kubectl get node {node} -o jsonpath='{.spec.providerID}'",
    ),
    Source(
        {"instance": "the node's or host's (i-…); for HyperPod aws sagemaker list-cluster-nodes has it"},
        "aws ec2 describe-instances --query 'Reservations[].Instances[].[InstanceId,PrivateDnsName]' --output text",
        pages=("fstab-mount-order", "sg-lustre-rules-incomplete"),
    ),
    Source(
        {"instance": "one that failed; EC2 does not list it, since it is in an account of SageMaker"},
        "aws sagemaker list-cluster-nodes --cluster-name {cluster}"
        " --query 'ClusterNodeSummaries[].[InstanceId,InstanceStatus.Status]' --output text",
        pages=("hyperpod-lifecycle-mount",),
    ),
    Source(
        {"node-security-group": "the instances' group; an instance group with OverrideVpcConfig has its own"},
        "aws sagemaker describe-cluster --cluster-name {cluster} --query VpcConfig.SecurityGroupIds --output text",
        pages=("hyperpod-lifecycle-mount",),
    ),
    Source(
        {
            "partition": "the second part of the ARN",
            "region": "the fourth part of the ARN",
            "account": "the fifth part",
        },
        f"{_EKS}.arn --output text",
    ),
    Source(
        {"region": "the one whose name the refused call has in its endpoint, mostly the cluster's"},
        pages=("account-not-enabled",),
    ),
    Source({"node-vpc": "the cluster's VPC"}, f"{_EKS}.resourcesVpcConfig.vpcId --output text"),
    Source(
        {"node-subnet": "the node's subnet", "node-security-group": "the node's group, each of them if several"},
        f"{_NODE}.[SubnetId,SecurityGroups[].GroupId]' --output text",
    ),
    Source(
        {"node-cidr": "the range of the nodes' subnet"},
        "aws ec2 describe-subnets --subnet-ids {node_subnet} --query 'Subnets[].CidrBlock' --output text",
    ),
    Source(
        {"file-system": "the one that the volume's dnsname begins with (fs-…)"},
        "aws fsx describe-file-systems --query 'FileSystems[].[FileSystemId,DNSName]' --output text",
    ),
    Source(
        {"file-system": "the one of the cluster, by its creation time, or one that you made before it"},
        "aws fsx describe-file-systems --query 'FileSystems[].[FileSystemId,Lifecycle,CreationTime]' --output text",
        pages=("parallelcluster-bootstrap-timeout",),
    ),
    Source(
        {"file-system": "one that FAILED; the last column is pvc- and the uid of its claim"},
        "aws fsx describe-file-systems --query \"FileSystems[?Lifecycle=='FAILED']"
        ".[FileSystemId,FailureDetails.Message,Tags[?Key=='CSIVolumeName'].Value|[0]]\" --output text",
        pages=("filesystem-failed", "fsx-insufficient-capacity"),
    ),
    Source(
        {"file-system": "the one whose tag has this claim's uid, as the look prints it"},
        pages=("idempotency-incompatible-params",),
    ),
    Source(
        {"file-system": "one that is CREATING; the last column is pvc- and the uid of the claim that it is for"},
        "aws fsx describe-file-systems --query"
        " \"FileSystems[?Lifecycle=='CREATING'].[FileSystemId,Lifecycle,Tags[?Key=='CSIVolumeName'].Value|[0]]\""
        " --output text",
        pages=("file-system-creating",),
    ),
    Source(
        {"file-system": "the id that it begins with (fs-…); FSx does not list it any more"},
        "kubectl get pv {volume} -o jsonpath='{.spec.csi.volumeAttributes.dnsname}'",
        pages=("file-system-not-found",),
    ),
    Source(
        {
            "file-system": "one that the looks list and nobody uses (fs-…)",
            "security-group": "one that they list and that is on no interface (sg-…)",
        },
        pages=("leftover-resources",),
    ),
    Source({"volume": "the one in question"}, "kubectl get pv", pages=("capacity-mismatch", "unexpanded-variable")),
    Source({"volume": "a Released one"}, "kubectl get pv", pages=("leftover-resources", "pv-released")),
    Source(
        {"volume": "the one that the claim is to have"},
        "kubectl get pv",
        pages=("claim-volume-mismatch", "volume-node-affinity"),
    ),
    Source(
        {"volume": "the one that is Terminating, Released or Failed; its claim is mostly gone"},
        "kubectl get pv",
        pages=("volume-deletion-stuck",),
    ),
    Source(
        {"file-system": "the volume's"},
        "kubectl get pv {volume} -o jsonpath='{.spec.csi.volumeHandle}'",
        pages=("volume-deletion-stuck",),
    ),
    Source(
        {"file-system": "the new one of the stack, once it is made"},
        "aws cloudformation describe-stack-resources --stack-name {stack}"
        " --query \"StackResources[?ResourceType=='AWS::FSx::FileSystem'].PhysicalResourceId\" --output text",
        pages=("sg-rule-propagation-race",),
    ),
    Source(
        {"security-group": "the one of the template that the file system has"},
        "aws cloudformation describe-stack-resources --stack-name {stack}"
        " --query \"StackResources[?ResourceType=='AWS::EC2::SecurityGroup'].PhysicalResourceId\" --output text",
        otherwise="terraform state list",
        pages=("sg-rule-propagation-race",),
    ),
    Source(
        {"file-system": "the id that the volume names; FSx does not list one of elsewhere, or that is gone"},
        "kubectl get pv {volume} -o jsonpath='{.spec.csi.volumeHandle}'",
        pages=("region-mismatch", "file-system-deleting", "file-system-not-lustre"),
    ),
    Source(
        {"file-system": "the one that the lifecycle script mounts"},
        "aws fsx describe-file-systems --query 'FileSystems[].[FileSystemId,DNSName]' --output text",
        pages=("hyperpod-lifecycle-mount",),
    ),
    Source(
        {"other-region": "the one that its name states, after fsx."},
        "kubectl get pv {volume} -o jsonpath='{.spec.csi.volumeAttributes.dnsname}'",
    ),
    Source(
        {
            "dns-name": "the file system's, as FSx gives it",
            "mount-name": "its MountName",
            "subnet": "the file system's subnet",
            "vpc": "the file system's VPC",
            "capacity": "the file system's size in GiB",
        },
        f"{_FILE_SYSTEM}.[DNSName,LustreConfiguration.MountName,SubnetIds[0],VpcId,StorageCapacity]' --output text",
    ),
    Source(
        {"subnet": "the one that the class names"},
        "kubectl get storageclass {storage_class} -o jsonpath='{.parameters.subnetId}'",
        pages=("subnet-out-of-addresses", "deployment-type-unavailable-in-az", "fsx-insufficient-capacity"),
    ),
    Source(
        {"mount-name": "the file system's name, as the catalogue has it before -client"},
        "sudo lctl --device MGS llog_catlist",
        pages=("mgs-config-log-corrupt",),
    ),
    Source(
        {"mount-name": "the file system's name, from whoever runs it", "path": "the client key file"},
        pages=("ssk-key-missing",),
    ),
    Source(
        {"mount-name": "what follows :/ in the present source"},
        "kubectl get pv {volume} -o jsonpath='{.spec.csi.volumeAttributes.mountname}'",
        pages=("ipv6-nid-uuid-too-long",),
    ),
    Source(
        {"right-dnsname": "the MGS's IPv4 address, or a name that getent ahostsv4 finds and getent ahostsv6 does not"},
        pages=("ipv6-nid-uuid-too-long",),
    ),
    Source(
        {
            "right-handle": "the id of the file system that is meant",
            "right-dnsname": "the DNSName of the file system that is meant",
            "right-mountname": "the MountName of the file system that is meant",
        },
        "aws fsx describe-file-systems --query 'FileSystems[].[FileSystemId,DNSName,LustreConfiguration.MountName]'"
        " --output text",
    ),
    Source(
        {"vpc": "the VPC of that subnet"},
        "aws ec2 describe-subnets --subnet-ids {subnet} --query 'Subnets[].VpcId' --output text",
        pages=("subnet-out-of-addresses",),
    ),
    Source(
        {"network-interface": "each one of the file system"},
        f"{_FILE_SYSTEM}.NetworkInterfaceIds' --output text",
        pages=("eni-not-in-use",),
    ),
    Source(
        {"network-interface": "the first one of the file system"},
        f"{_FILE_SYSTEM}.NetworkInterfaceIds[0]' --output text",
    ),
    Source(
        {
            "security-group": "the file system's security group, or the one that the class gives it",
            "primary-address": "its first IPv4 address",
        },
        "aws ec2 describe-network-interfaces --network-interface-ids {network_interface}"
        " --query 'NetworkInterfaces[].[Groups[].GroupId,PrivateIpAddress]' --output text",
    ),
    Source(
        {"security-group": "lets nodes and file servers reach each other; the cluster's own where nodes have it"},
        f"{_EKS}.resourcesVpcConfig.clusterSecurityGroupId --output text",
        pages=("storageclass-network-missing",),
    ),
    Source(
        {"security-group": "the one that the class gives the file system"},
        "kubectl get storageclass {storage_class} -o jsonpath='{.parameters.securityGroupIds}'",
        pages=("efa-requirements", "sg-self-rule-missing"),
    ),
    Source(
        {"subnet-cidr": "the range of the file system's subnet"},
        "aws ec2 describe-subnets --subnet-ids {subnet} --query 'Subnets[].CidrBlock' --output text",
    ),
    Source(
        {"route-table": "that of the nodes' subnet, else the VPC's main table"},
        "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values={node_subnet}"
        " --query 'RouteTables[].RouteTableId' --output text",
        otherwise="aws ec2 describe-route-tables --filters Name=vpc-id,Values={node_vpc}"
        " Name=association.main,Values=true --query 'RouteTables[].RouteTableId' --output text",
    ),
    Source(
        {"subnet-route-table": "that of the file system's subnet, else the VPC's main table"},
        "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values={subnet}"
        " --query 'RouteTables[].RouteTableId' --output text",
        otherwise="aws ec2 describe-route-tables --filters Name=vpc-id,Values={vpc}"
        " Name=association.main,Values=true --query 'RouteTables[].RouteTableId' --output text",
    ),
    Source(
        {"acl": "the network ACL of the file system's subnet", "node-acl": "that of the nodes' subnet"},
        "aws ec2 describe-network-acls --filters Name=association.subnet-id,Values={subnet},{node_subnet}"
        " --query 'NetworkAcls[].[NetworkAclId,Associations[].SubnetId]' --output text",
    ),
    Source(
        {"other-subnet": "a subnet of the VPC in another zone than the present one"},
        "aws ec2 describe-subnets --filters Name=vpc-id,Values={node_vpc}"
        " --query 'Subnets[].[SubnetId,AvailabilityZone,AvailableIpAddressCount]' --output text",
    ),
    Source(
        {"other-subnet": "a subnet of the VPC with enough free addresses, best in the same zone"},
        "aws ec2 describe-subnets --filters Name=vpc-id,Values={node_vpc}"
        " --query 'Subnets[].[SubnetId,AvailabilityZone,AvailableIpAddressCount]' --output text",
        pages=("subnet-out-of-addresses",),
    ),
    Source(
        {"vpc-endpoint": "the endpoint of the service that is called", "endpoint-security-group": "its security group"},
        "aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values={node_vpc}"
        " --query 'VpcEndpoints[].[VpcEndpointId,ServiceName,Groups[0].GroupId]' --output text",
    ),
    Source(
        {"role-arn": "the role of the driver's controller, whole", "role": "what follows the last / of that role"},
        "kubectl -n {driver_namespace} get serviceaccount {service_account}"
        " -o jsonpath='{.metadata.annotations.eks\\.amazonaws\\.com/role-arn}'",
        otherwise="aws eks describe-pod-identity-association --cluster-name {cluster} --association-id"
        f' "$({_ASSOCIATIONS})" --query association.roleArn --output text',
    ),
    Source(
        {"role-arn": "the role that the driver is to have, whole", "role": "what follows the last / of that role"},
        "aws iam list-roles --query 'Roles[?!starts_with(RoleName,`AWSServiceRole`)].Arn' --output text",
        pages=("irsa-annotation-missing", "irsa-role-arn-malformed", "imds-unreachable"),
    ),
    Source({"ami": "the image that the nodes have"}, f"{_NODE}.ImageId' --output text"),
    Source(
        {"template": "the launch template of the group", "version": "its version"},
        "aws eks describe-nodegroup --cluster-name {cluster} --nodegroup-name {nodegroup}"
        " --query 'nodegroup.launchTemplate.[name,version]' --output text",
        pages=("secure-boot-module-signature",),
    ),
    Source(
        {"launch-template": "the launch template of the group", "template-version": "the version that it has now"},
        "aws eks describe-nodegroup --cluster-name {cluster} --nodegroup-name {nodegroup}"
        " --query 'nodegroup.launchTemplate.[name,version]' --output text",
    ),
    Source({"new-version": "the number that the command before has printed"}),
    Source({"address": "the volume's dnsname, as the first look prints it"}, pages=("wrong-mgs-address",)),
    Source({"address": "the proxy's"}, pages=("aws-endpoint-unreachable",)),
    Source({"allocation": "the id that the command before has printed (eipalloc-…)"}),
    Source(
        {"other-subnet": "a public subnet of the VPC: one of those whose route table leads to an internet gateway"},
        "aws ec2 describe-route-tables --filters Name=vpc-id,Values={node_vpc} Name=route.gateway-id,Values='igw-*'"
        " --query 'RouteTables[].Associations[].SubnetId' --output text",
        pages=("aws-endpoint-unreachable",),
    ),
    Source(
        {"address": "the INTERNAL-IP of the node that the pod is on"},
        "kubectl get nodes -o wide",
        pages=("root-squash-or-permissions",),
    ),
    Source(
        {"address": "all addresses of the file system, with blanks between"},
        "aws ec2 describe-network-interfaces --network-interface-ids"
        f" $({_FILE_SYSTEM}.NetworkInterfaceIds[]' --output text)"
        " --query 'NetworkInterfaces[].PrivateIpAddress' --output text",
        pages=("mdt-unavailable", "mgs-unreachable-network", "sg-missing-988"),
    ),
    Source(
        {"interface": "the one whose groups differ, as the look prints it (eni-…)"},
        pages=("mdt-unavailable", "sg-missing-988"),
    ),
    Source(
        {"association": "that of the controller's service account"},
        _ASSOCIATIONS,
        pages=("pod-identity-trust", "iam-denied-by-boundary"),
    ),
    Source(
        {"association-role": "the role of the Pod Identity association, what follows its last /"},
        "aws eks describe-pod-identity-association --cluster-name {cluster} --association-id {association}"
        " --query association.roleArn --output text",
    ),
    Source(
        {"node-role": "the role of the nodes"},
        f"aws iam get-instance-profile --instance-profile-name $({_NODE}.IamInstanceProfile.Arn' --output text"
        " | sed 's|.*/||') --query 'InstanceProfile.Roles[].RoleName' --output text",
    ),
    Source(
        {"provider-arn": "the one that ends in the cluster's issuer"},
        "aws iam list-open-id-connect-providers --query 'OpenIDConnectProviderList[].Arn' --output text",
    ),
    Source(
        {"issuer": "the cluster's OIDC issuer", "issuer-host": "the issuer without https://"},
        f"{_EKS}.identity.oidc.issuer --output text",
    ),
    Source(
        {"bucket": "what follows s3:// in the file system's link, up to the next /"},
        "aws fsx describe-data-repository-associations --filters Name=file-system-id,Values={file_system}"
        " --query 'Associations[].[AssociationId,DataRepositoryPath]' --output text",
    ),
    Source(
        {"bucket": "the one of the link, between s3:// and the next /; one of yours where there is no link"},
        "aws fsx describe-data-repository-associations --filters Name=file-system-id,Values={file_system}"
        " --query 'Associations[].[AssociationId,DataRepositoryPath]' --output text",
        pages=("s3-data-not-imported",),
    ),
    Source({"path": "the directory that is to be linked, with / before it (/ns1)"}, pages=("s3-data-not-imported",)),
    Source(
        {
            "path": "the directory of the new file system that the bucket appears in, / for all of it",
            "bucket": "the one that has the data",
        },
        "aws s3api list-buckets --query 'Buckets[].Name' --output text",
        pages=("file-system-deleting", "file-system-not-found", "mdt-unavailable", "ost-unavailable"),
    ),
    Source(
        {"account": "the one that owns the file system"},
        f"{_FILE_SYSTEM}.OwnerId' --output text",
        pages=("data-repository-misconfigured",),
    ),
    Source(
        {"bucket": "what follows s3:// in the link, up to the next /", "association": "the id before it (dra-…)"},
        "aws fsx describe-data-repository-associations --filters Name=file-system-id,Values={file_system}"
        " --query 'Associations[].[AssociationId,DataRepositoryPath]' --output text",
        pages=("data-repository-misconfigured",),
    ),
    Source(
        {"bucket": "what follows s3:// in the class, up to the next /"},
        "kubectl get storageclass {storage_class}"
        " -o jsonpath='{.parameters.s3ImportPath}{\"  \"}{.parameters.s3ExportPath}'",
        pages=("s3-access-denied",),
    ),
    Source(
        {"right-dnsname": "the cache's DNSName", "right-mountname": "its MountName"},
        "aws fsx describe-file-caches"
        " --query 'FileCaches[].[FileCacheId,DNSName,LustreConfiguration.MountName]' --output text",
        pages=("file-cache-in-volume",),
    ),
    Source(
        {"backup": "the newest that is AVAILABLE"},
        "aws fsx describe-backups --filters Name=file-system-id,Values={file_system}"
        " --query 'Backups[].[BackupId,Type,CreationTime,Lifecycle]' --output text",
    ),
    Source(
        {"backup": "the id that the first command has printed (backup-…)"},
        pages=("non-rfc1918-client", "leftover-resources"),
    ),
    Source(
        {"role": "the one that the stack's reason names", "policy-arn": "a policy that is attached to it"},
        "aws iam list-attached-role-policies --role-name {role} --query 'AttachedPolicies[].PolicyArn' --output text",
        pages=("leftover-resources",),
    ),
    Source(
        {
            "other-namespace": "of a pod on the node that has the NFS volume, as the look lists it",
            "other-pod": "that pod",
        },
        pages=("port-988-in-use",),
    ),
    Source({"parameter-value": "the right path, s3://BUCKET/PREFIX"}, pages=("s3-access-denied",)),
    Source({"parameter-value": "one of the table's values for the type"}, pages=("invalid-throughput-parameter",)),
    Source(
        {"path": "where the host has the NFS file system mounted"}, "findmnt -t nfs,nfs4", pages=("port-988-in-use",)
    ),
    Source(
        {"pod": "one of that node, whose owner makes it again", "namespace": "of that pod"},
        "kubectl get pods -A -o wide --field-selector spec.nodeName={node}",
        pages=("csi-node-not-scheduled",),
    ),
    Source(
        {"parameter": "the key that the driver does not know", "parameter-value": "the value that it has in the class"},
        pages=("storageclass-unknown-parameter",),
    ),
    Source(
        {"name": "of the volume in the pod's template (volumes)", "new-claim": "a name of your choice"},
        "kubectl -n {namespace} get {workload} -o jsonpath='{.spec.template.spec.volumes}'",
        pages=("storageclass-unknown-parameter",),
    ),
    Source(
        {"replicas": "the number that the workload is to have"},
        "kubectl -n {namespace} get {workload}",
        pages=("storageclass-unknown-parameter",),
    ),
    Source(
        {
            "path": "the mount point that lfs df prints, and the file's path below it",
            "object-version": "the first column of the list of the object's versions",
        },
        pages=("released-file-not-restored",),
    ),
    Source(
        {"target": "the id of the gateway or peering that the last two looks print (tgw-… or pcx-…)"},
        pages=("route-missing",),
    ),
    Source(
        {"backup": "the id that the first command has printed"},
        pages=("region-mismatch",),
    ),
    Source(
        {
            "backup": "the newest that is AVAILABLE and not AUTOMATIC",
            "subnet": "the last word, the subnet that the file system had",
        },
        "aws fsx describe-backups --filters Name=file-system-id,Values={file_system}"
        " --query 'Backups[].[BackupId,Type,CreationTime,Lifecycle,FileSystem.SubnetIds[0]]' --output text",
        pages=("file-system-deleting",),
    ),
    Source(
        {"target": "the NAT gateway"},
        "aws ec2 describe-nat-gateways --filter Name=vpc-id,Values={node_vpc} Name=state,Values=available"
        " --query 'NatGateways[].[NatGatewayId,SubnetId,ConnectivityType]' --output text",
        pages=("aws-endpoint-unreachable", "image-pull-no-egress"),
    ),
    Source({"key": "the KMS key of the file system"}, f"{_FILE_SYSTEM}.KmsKeyId' --output text"),
    Source(
        {"key": "the KMS key that the class names, of a claim that waits"},
        "kubectl get storageclass {storage_class} -o jsonpath='{.parameters.kmsKeyId}'",
        otherwise=f"{_FILE_SYSTEM}.KmsKeyId' --output text",
        pages=("kms-key-unusable",),
    ),
    Source(
        {"parameter-value": "the ARN of a symmetric key of this Region"},
        "aws kms list-keys --query 'Keys[].KeyArn' --output text",
        pages=("kms-key-unusable",),
    ),
    Source({"hyperpod-cluster": "the HyperPod cluster"}, "aws sagemaker list-clusters --output text"),
    Source({"user-id": "the uid that the first look prints"}, pages=("lustre-quota-exceeded",)),
    Source(
        {"user-id": "the uid of the workload, not 0; there is no pod to ask"},
        "kubectl -n {namespace} get {workload}"
        " -o jsonpath='{.spec.template.spec.securityContext}{.spec.template.spec.containers[*].securityContext}'",
        pages=("pod-security-refused",),
    ),
    Source(
        {"mount-point": "where the driver's pod has the file system mounted, the second word"},
        "kubectl -n {driver_namespace} exec {plugin_pod} -c fsx-plugin -- grep lustre /proc/mounts",
        pages=("lustre-slow",),
    ),
    Source(
        {
            "user-id": "runAsUser of the pod, else the user of its image",
            "group-id": "the pod's runAsGroup or fsGroup, else 0",
        },
        "kubectl -n {namespace} get pod {pod}"
        " -o jsonpath='{.spec.securityContext}{.spec.containers[*].securityContext}'",
    ),
    Source(
        {"mount-point": "the volume's mountPath in the pod"},
        "kubectl -n {namespace} get pod {pod} -o jsonpath='{.spec.containers[*].volumeMounts}'",
        pages=("root-squash-or-permissions",),
    ),
    Source(
        {"mount-point": "the last word of the line filesystem_summary"},
        "kubectl -n {driver_namespace} exec {plugin_pod} -c fsx-plugin -- lfs df",
        otherwise="grep lustre /proc/mounts",
        pages=("file-system-full", "lustre-quota-exceeded"),
    ),
    Source(
        {"mount-point": "the folder that the host mounts on, the second word"}, "grep lustre /etc/fstab /proc/mounts"
    ),
    Source({"path": "the file's path below the mount point, with / before it"}, pages=("lustre-slow",)),
    Source({"mount-point": "the mountPath that the first look prints"}, pages=("stale-file-handle",)),
    Source(
        {"mount-point": "the volume's mountPath in the pod"},
        "kubectl -n {namespace} get pod {pod} -o jsonpath='{.spec.containers[*].volumeMounts}'",
        pages=("s3-data-not-imported",),
    ),
    Source(
        {"device": "the first word of that line of /proc/mounts; note it before you unmount"},
        pages=("stale-obd-device",),
    ),
    Source(
        {
            "route-table": "one that the look lists with a dead route",
            "cidr": "the destination of that route",
            "target": "the active peering of the look or the one just made (pcx-…), or the transit gateway (tgw-…)",
        },
        pages=("route-blackhole",),
    ),
    Source({"cidr": "a free range inside the VPC's, 10.0.250.0/24 for example"}, pages=("subnet-out-of-addresses",)),
    Source(
        {"fs-group": "the pod's fsGroup"},
        "kubectl -n {namespace} get pod {pod} -o jsonpath='{.spec.securityContext.fsGroup}'",
    ),
    Source({"name": "the volume's name in the pod, as the look prints it"}, pages=("inline-volume-unsupported",)),
    Source({"right-storage-class": "the class that the claim is to name"}, "kubectl get storageclass"),
    Source(
        {
            "right-storage-class": "the volume's class, or the claim's where the volume is changed",
            "quantity": "the volume's size, as the look shows it",
        },
        pages=("claim-volume-mismatch",),
    ),
    Source(
        {"its-volume": "the volume that the claim is bound to now"},
        "kubectl -n {namespace} get pvc {claim} -o jsonpath='{.spec.volumeName}'",
        pages=("claim-volume-mismatch",),
    ),
    Source(
        {"replicas": "the number of pods that it runs now"},
        "kubectl -n {namespace} get {workload} -o jsonpath='{.spec.replicas}'",
        pages=("claim-volume-mismatch", "storageclass-default-version"),
    ),
    Source(
        {"other-security-group": "one that admits the nodes on TCP 988, best that of the former file system"},
        "aws ec2 describe-security-groups --filters Name=vpc-id,Values={node_vpc}"
        " --query 'SecurityGroups[].[GroupId,GroupName,Description]' --output text",
        pages=("file-system-not-found", "file-system-deleting", "region-mismatch"),
    ),
    Source(
        {"boundary": "the permissions boundary of the role"},
        "aws iam get-role --role-name {role} --query Role.PermissionsBoundary.PermissionsBoundaryArn --output text",
    ),
    Source(
        {"policy-version": "the version in force"},
        "aws iam get-policy --policy-arn {boundary} --query Policy.DefaultVersionId --output text",
    ),
    Source(
        {"hosted-zone": "the private zone that answers for the name"},
        "aws route53 list-hosted-zones-by-vpc --vpc-id {node_vpc} --vpc-region {region} --output text",
    ),
    Source(
        {"coredns-security-group": "of the node that CoreDNS is on, found as that of any other node"},
        "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide",
    ),
    Source(
        {"profile": "the Fargate profile whose selectors the pod fits"},
        "aws eks list-fargate-profiles --cluster-name {cluster} --output text",
    ),
    Source({"resource-quota": "the quota that is used up"}, "kubectl -n {namespace} get resourcequota"),
    Source({"webhook": "the one that the message names"}, "kubectl get validatingwebhookconfigurations"),
    Source(
        {
            "other-namespace": "of the webhook's Service",
            "other-workload": "the Deployment behind it, deployment/NAME",
            "ports": "the targetPort of that Service, 9443 for example",
        },
        "kubectl -n {other_namespace} get services,deployments"
        " -o custom-columns=KIND:.kind,NAME:.metadata.name,PORT:.spec.ports[*].targetPort",
        pages=("pod-creation-refused",),
    ),
    Source(
        {"security-group": "the cluster's own, which the control plane has"},
        f"{_EKS}.resourcesVpcConfig.clusterSecurityGroupId --output text",
        pages=("pod-creation-refused",),
    ),
    Source(
        {
            "quota": "the code in the first column (L-…)",
            "quota-value": "the limit that you want",
        },
        "aws service-quotas list-service-quotas --service-code fsx --query 'Quotas[].[QuotaCode,QuotaName,Value]'"
        " --output text",
    ),
    Source(
        {"stack": "the stack that failed"},
        "aws cloudformation list-stacks --query 'StackSummaries[].[StackName,StackStatus]' --output text",
    ),
    Source(
        {"parameter": "the one with the placeholder", "parameter-value": "the value that was meant"},
        pages=("unexpanded-variable",),
    ),
    Source(
        {
            "address": "the IPv4 address of the server, before @tcp in the message",
            "architecture": "x86_64 or arm64",
            "association": "the id that a look, or the command before, has printed",
            "nameserver": "the address in the pods' /etc/resolv.conf",
            "policy": "the one that changes pods, as the looks list it",
            "policy-id": "of the policy that denies (p-…), as the look lists it",
            "registry-account": "the number before .dkr.ecr in the image's name",
            "permission": "the action that the message names, kms:CreateGrant for example",
            "resource-arn": "the resource that the message names",
            "analysis-id": "the id that the command before has printed (nia-…)",
            "attachment": "that of the VPC which the destination is in (tgw-attach-…), as the command before prints it",
            "availability-zone": "a zone of the Region, us-east-1b for example",
            "boot-mode": "as the image has it",
            "cidr": "a range of addresses, 10.1.0.0/16 for example",
            "cidrs": "all ranges that are to be left alone, with commas",
            "claim-uid": "metadata.uid of the saved claim",
            "config-file": "the file of the cluster's configuration",
            "copied-backup": "the id that the copy has printed",
            "cpu": "processors, 100m for example",
            "deployment-type": "PERSISTENT_2 for example",
            "device": "the disk of the target, /dev/sdb for example",
            "dhcp-options": "the id that the command before has printed (dopt-…)",
            "domain-entry": "the name with a dot, or *.fsx.<region>.amazonaws.com, as the list writes names",
            "driver-workload": "daemonset/fsx-csi-node, then the same with deployment/fsx-csi-controller",
            "ecr-repository": "what follows the host in the image's name, without the tag",
            "eni": "the id of the interface (eni-…)",
            "file": "a file of yours",
            "firewall-domain-list": "the list of a rule that allows (rslvr-fdl-…), as the looks show it",
            "folder": "a folder in the file system",
            "group": "the id of the rule group (rslvr-frg-…)",
            "image": "the image of the look before",
            "instance-type": "as EC2 writes it, m7i.2xlarge for example",
            "instance-profile": "what follows the last / of its ARN",
            "interface": "the id of a network interface (eni-…)",
            "issuer-hostname": "the host of your issuer, without a path",
            "its-namespace": "the claim's namespace",
            "kubelet-path": "the kubelet's folder, as the looks show it",
            "label": "the key of the label",
            "limit-range": "the one that the message names",
            "list": "the id of a list (rslvr-fdl-…), as the rules name it",
            "lnet-interface": "the node's interface with the route to the file system, ens5 for example",
            "location": "zone or region of the cluster",
            "log-group": "of the HyperPod cluster, as the looks list it",
            "metadata-iops": "as the text lists them",
            "lustre-target": "as lctl dl prints it, training-MDT0000 for example",
            "memory": "512Mi for example",
            "mirror": "the repository of your registry, with its host",
            "name": "a name of your choice",
            "network": "the VPC network of the instance",
            "new-addon-version": "the first of the list whose line has the cluster's version (v1.9.0-eksbuild.1)",
            "new-ami": "the id of the image (ami-…)",
            "new-ami-name": "a name of your choice",
            "new-capacity": "the size that you want, in GiB",
            "new-claim": "the claim that is to have the volume",
            "new-group": "a name of your choice",
            "new-instance": "a name of your choice",
            "new-limit": "the limit that you want, 2T of blocks or 2000000 files for example",
            "new-profile": "a name of your choice",
            "new-subnet": "the id that the command before has printed (subnet-…)",
            "nid": "the server, as 10.0.0.5@tcp",
            "node-count": "the number of nodes that the group is to have",
            "object-key": "the prefix of the bucket's path and the file's path below it",
            "one-more": "the desired size of the group and one",
            "other-name": "a file system name that no other instance has",
            "other-nid": "the second server",
            "other-security-group": "a group in the other VPC or Region",
            "owner": "the uid that the directory belongs to",
            "owner-group": "the gid that the directory belongs to",
            "parameter": "the name of the parameter",
            "new-partition": "the largest of the disk that was attached, nvme1n1p1 for example",
            "parameter-value": "the value that you want; the text has those that are taken",
            "priority-class": "the one that the pods name",
            "pod-execution-role-arn": "podExecutionRoleArn of the saved file",
            "pods-service-account": "the one that the pods name",
            "password": "of the registry",
            "path-id": "the id that the command before has printed (nip-…)",
            "path": "a path as mount or FSx has it",
            "project-id": "the number that lfs project -d prints",
            "process-id": "the number that the look prints after /proc/",
            "profile-subnet": "each of the subnets of the saved file",
            "registry": "the host of your registry",
            "rescue-instance": "an instance in the same zone",
            "firewall-rule-group": "the id that the look above prints (rslvr-frg-…)",
            "resolver-rule": "the id that the command before has printed (rslvr-rr-…)",
            "resource-group": "of the AKS cluster",
            "right-driver": "the driver's name, fsx.csi.aws.com for FSx for Lustre",
            "right-kernel": "a kernel that has a client package",
            "right-parameter": "as the driver spells it",
            "right-subdirectory": "a directory of the file system, without / before it",
            "root-device": "RootDeviceName of the instance",
            "root-pod": "a pod that runs as root and has the volume",
            "root-volume": "the volume of that device (vol-…)",
            "rule-number": "one that the ACL does not have yet, 90 for example",
            "side-car-mirror": "its repository of your registry, with its host",
            "side-car-tag": "the tag that the chart has",
            "size": "GiB",
            "snapshot": "the image's snapshot (snap-…)",
            "stream": "of the log group",
            "subdirectory": "a directory of the file system, without / before it",
            "table": "the route table of the transit gateway (tgw-rtb-…)",
            "taint-effect": "as the node group has it, NO_SCHEDULE or NO_EXECUTE",
            "taint-key": "as the node has it",
            "target-version": "2.15, or 2.12",
            "target": "the gateway or connection that is to carry the traffic (nat-…, tgw-… or pcx-…)",
            "task-id": "the id that the command before has printed",
            "template": "the launch template of the nodes",
            "throughput": "MB/s, as the text lists them",
            "throughput-capacity": "MB/s: a multiple of 4000 above the present one",
            "thumbprint": "of the issuer's certificate",
            "tier": "125, 250, 500 or 1000",
            "unit": "the systemd unit of the program",
            "user": "of the registry",
            "value": "its value",
            "version": "the number of the version",
            "vpc-cni-role-arn": "the second word that describe-addon prints",
            "volume-subdirectory": "what follows the mount name in mountname",
            "zone": "of the instance",
        }
    ),
    Source({"security-group-rule": "the id that the command before has printed (sgr-…)"}),
    Source(
        {"deployment-type": "as the look prints it"},
        pages=("mdt-unavailable", "ost-unavailable", "file-system-deleting"),
    ),
    Source({"new-file-system": "the id that making it has printed (fs-…); aws fsx describe-file-systems lists it"}),
    Source({"secret": "the secret that the volume or class names", "secret-namespace": "the namespace beside it"}),
    Source({"quantity": "a size as Kubernetes writes it: 1200Gi of storage, 512Mi of memory for example"}),
    Source({"start-time": "a time, 2026-01-31T06:00:00Z for example", "end-time": "a later one"}),
)
"""In the order in which a person asks: what one prints is asked for by those that follow."""

_OPEN = re.compile(r"<([a-z][a-z0-9-]*)>")
_ASKS = re.compile(r"\{([a-z_]+)\}")


def named_in(page: str, id: str) -> Iterator[Source]:
    """The sources of the names that a cause's page leaves open, and of those that their own commands leave open."""
    wanted = set(_OPEN.findall(page))
    own = {name for source in SOURCES if id in source.pages for name in source.names}
    found = []
    for source in reversed(SOURCES):
        if source.pages and id not in source.pages:
            continue
        if source.command.startswith("kubectl") and "kubectl" not in page:
            continue  # A page of hosts without Kubernetes.
        usual = wanted if source.pages else wanted - own
        if names := {name: what for name, what in source.names.items() if name in usual}:
            found.append(source._replace(names=names))
            asked = _ASKS.findall(source.command + source.otherwise)
            wanted |= {name.replace("_", "-") for name in asked}
    return reversed(found)
