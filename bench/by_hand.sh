#!/bin/sh
# The look-ups of one diagnosis as a person makes them, one after another.
kubectl get pods -A -o wide
kubectl describe pod pod-fsx -n default
kubectl get events -n default -o json
kubectl get pvc fsx-pvc -n default -o yaml
kubectl get pv fsx-pv -o yaml
kubectl get storageclass -o yaml
kubectl get csidriver fsx.csi.aws.com -o yaml
kubectl get csinodes -o json
kubectl get daemonset,deployment -n fsx-csi-driver -o yaml
kubectl get serviceaccounts -n fsx-csi-driver -o yaml
kubectl get nodes -o json
fs=$(kubectl get pv fsx-pv -o 'jsonpath={.spec.csi.volumeHandle}')
aws fsx describe-file-systems --file-system-ids "$fs"
enis=$(aws fsx describe-file-systems --file-system-ids "$fs" --query 'FileSystems[0].NetworkInterfaceIds' --output text)
# shellcheck disable=SC2086
aws ec2 describe-network-interfaces --network-interface-ids $enis
# shellcheck disable=SC2086
groups=$(aws ec2 describe-network-interfaces --network-interface-ids $enis --query 'NetworkInterfaces[].Groups[].GroupId' --output text)
# shellcheck disable=SC2086
aws ec2 describe-security-groups --group-ids $groups
vpc=$(aws fsx describe-file-systems --file-system-ids "$fs" --query 'FileSystems[0].VpcId' --output text)
aws ec2 describe-vpc-attribute --vpc-id "$vpc" --attribute enableDnsSupport
aws ec2 describe-vpc-attribute --vpc-id "$vpc" --attribute enableDnsHostnames
aws eks describe-cluster --name training-on-eks
aws iam get-role --role-name FSx_Lustre_CSI_Driver_Role
