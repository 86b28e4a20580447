"""The role that manifests or Helm values give the driver's service account is one that can exist."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok, warn
from diag.advice.steps import advise
from diag.analysis.identity.irsa import role_arn_of, what_is_wrong
from diag.resources.iam import ROLE_ANNOTATION
from diag.resources.manifests import ManifestSet


@check("planned-role", layer=Layer.IDENTITY, speaks_for="irsa-role-arn-malformed")
def planned_account_names_a_role(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """The role that manifests or Helm values give the driver's service account is one that can exist.

    An unset variable leaves `arn:aws:iam::…:role/` behind. The controller then gets no credentials and every claim
    waits; volumes that exist mount all the same.

    pass: the annotation has the form of a role's ARN
    warn: the values tell the chart not to create the service account, and it then drops the annotation silently
    fail: the annotation names no role
    source: IAM reference, ARNs of roles; aws-fsx-csi-driver chart 1.17.0 controller-serviceaccount.yaml
    """
    for planned in () if isinstance(manifest_set, Unavailable) else manifest_set.accounts:
        arn = planned.account.role_arn or ""
        message = f"its annotation {ROLE_ANNOTATION} is {arn!r}"
        if planned.is_ignored:
            yield warn(planned, f"{message}, and with serviceAccount.create=false the chart ignores it")
        elif role_arn_of(arn) is None:
            fix = advise(f"Write the role's whole ARN as {ROLE_ANNOTATION} before the manifest is applied.")
            yield fail(planned, f"{message}: {what_is_wrong(arn)}", fix=fix)
        else:
            yield ok(planned, message, rules_out=())
