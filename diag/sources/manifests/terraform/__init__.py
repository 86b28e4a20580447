"""Terraform plans and states in the form of `terraform show -json`."""
