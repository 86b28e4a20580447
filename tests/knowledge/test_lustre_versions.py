"""Which client a node has, and which servers it talks to, by the dated table."""

import pytest

from diag.knowledge.lustre_versions import (
    Client,
    NotListed,
    Talks,
    client_of,
    client_of_kernel,
    common_servers,
    default_version,
    matrix,
    talks,
    upgrade_for,
)
from diag.knowledge.table import Confidence

AL2023 = "Amazon Linux 2023.9.20251027"
AUTO = "Bottlerocket (EKS Auto, Standard) 2025.3.14 (aws-k8s-1.31-standard)"


@pytest.mark.parametrize(
    ("os_image", "kernel", "arch", "client"),
    [
        (AL2023, "6.12.46-66.121.amzn2023.x86_64", "amd64", "2.15"),
        (AL2023, "6.1.155-176.282.amzn2023.x86_64", "amd64", "2.15"),
        (AL2023, "6.18.36-69.138.amzn2023.aarch64", "arm64", "2.15"),
        ("Amazon Linux 2", "5.10.245-241.976.amzn2.x86_64", "amd64", "2.12"),
        ("Amazon Linux 2", "5.10.98-87.1.amzn2.x86_64", "amd64", "2.10"),
        ("Ubuntu 22.04.5 LTS", "5.15.0-1015-aws", "amd64", "2.12"),
        ("Ubuntu 22.04.5 LTS", "6.8.0-1021-aws", "amd64", "2.15"),
        ("Ubuntu 20.04.6 LTS", "5.4.0-1120-aws", "amd64", "2.10"),
        ("Ubuntu 24.04.1 LTS", "6.14.0-1018-aws-64k", "arm64", "2.15"),
        ("Red Hat Enterprise Linux 9.4 (Plow)", "5.14.0-427.50.1.el9_4.x86_64", "amd64", "2.15"),
        ("Rocky Linux 8.10 (Green Obsidian)", "4.18.0-553.5.1.el8_10.x86_64", "amd64", "2.12"),
        ("CentOS Linux 7 (Core)", "3.10.0-1160.el7.x86_64", "amd64", "2.12"),
        ("CentOS Linux 7 (AltArch)", "4.18.0-193.28.1.el7.aarch64", "arm64", "2.12"),
        (AUTO, "6.12.30", "arm64", "2.15"),
        ("Bottlerocket OS 1.20.0 (aws-k8s-1.28)", "6.1.90", "amd64", "2.15"),
        ("Bottlerocket OS 1.14.0 (aws-k8s-1.24)", "5.10.186", "amd64", "2.12"),
    ],
)
def test_a_listed_kernel_has_its_client(os_image: str, kernel: str, arch: str, client: str) -> None:
    found = client_of(os_image, kernel, arch)
    assert isinstance(found, Client)
    assert found.version == client
    assert found.confidence.may_fail


@pytest.mark.parametrize(
    ("os_image", "kernel", "why"),
    [
        (AL2023, "6.25.1-1.1.amzn2023.x86_64", "has no row for kernel 6.25.1"),
        (AL2023, "6.12.68+", "is not named like a kernel of Amazon Linux 2023"),
        ("Amazon Linux 2", "5.15.173-118.169.amzn2.x86_64", "has no row for kernel 5.15.173"),
        ("Ubuntu 24.04.1 LTS", "6.14.0-1019-aws", "has no row for kernel 6.14.0-1019-aws"),
        ("Ubuntu 22.04.5 LTS", "6.8.0-45-generic", "is not named like a kernel of Ubuntu"),
        ("Rocky Linux 9.2 (Blue Onyx)", "5.14.0-284.30.1.el9_2.x86_64", "has no row for kernel 5.14.0-284"),
        ("AlmaLinux 9.4 (Seafoam Ocelot)", "5.14.0-427.13.1.el9_4.x86_64", "operating system 'AlmaLinux"),
        ("Red Hat Enterprise Linux CoreOS 9.6", "5.14.0-570.12.1.el9_6.x86_64", "operating system"),
        ("Bottlerocket OS 1.39.0 (aws-k8s-1.26)", "5.15.180", "has no row for kernel 5.15.180"),
        ("Debian GNU/Linux 12 (bookworm)", "6.1.0-28-cloud-amd64", "operating system"),
        ("", "", "operating system"),
        (AL2023, "unknown", "is not a kernel version"),
    ],
)
def test_what_no_row_covers_is_unknown_never_unsupported(os_image: str, kernel: str, why: str) -> None:
    found = client_of(os_image, kernel, "amd64")
    assert isinstance(found, NotListed)
    assert why in found.why


def test_a_kernel_below_the_first_listed_has_no_client_as_far_as_we_reason() -> None:
    found = client_of(AL2023, "6.1.50-66.121.amzn2023.x86_64", "amd64")
    assert isinstance(found, Client)
    assert (found.version, found.confidence) == ("", Confidence.INFERRED)


def test_bottlerocket_6_1_had_no_module_before_1_19() -> None:
    found = client_of("Bottlerocket OS 1.15.0 (aws-k8s-1.28)", "6.1.49", "amd64")
    assert isinstance(found, Client)
    assert found.version == ""
    assert found.confidence.may_fail


def test_the_parallelcluster_s_bad_kernels_are_no_clients_though_their_series_is() -> None:
    rhel = "Red Hat Enterprise Linux 8.7 (Ootpa)"
    bad, good = "4.18.0-425.13.1.el8_7.x86_64", "4.18.0-425.19.2.el8_7.x86_64"
    versions = [getattr(client_of(rhel, kernel, "amd64"), "version", None) for kernel in (bad, good)]
    assert versions == ["", "2.12"]


@pytest.mark.parametrize(
    ("client", "server", "answer"),
    [
        ("2.15", "2.10", Talks.NO),
        ("2.15", "2.10.5.0", Talks.NO),
        ("2.15", "2.12", Talks.YES),
        ("2.15", "2.15", Talks.YES),
        ("2.12", "2.10", Talks.YES),
        ("2.12", "2.15", Talks.YES),
        ("2.10", "2.15", Talks.NO),
        ("2.10", "2.12", Talks.YES),
        ("2.15", "", Talks.UNKNOWN),
        ("2.15", "2.17", Talks.UNKNOWN),
    ],
)
def test_pairs(client: str, server: str, answer: Talks) -> None:
    kernels = {
        "2.15": (AL2023, "6.12.46-66.121.amzn2023.x86_64"),
        "2.12": ("Amazon Linux 2", "5.10.245-241.976.amzn2.x86_64"),
        "2.10": ("Amazon Linux 2", "5.10.98-87.1.amzn2.x86_64"),
    }
    found = client_of(*kernels[client], "amd64")
    assert isinstance(found, Client)
    assert talks(found, server) is answer


def test_rhel_10_talks_to_2_15_alone() -> None:
    found = client_of("Rocky Linux 10.1 (Red Quartz)", "6.12.0-124.21.1.el10_1.x86_64", "amd64")
    assert isinstance(found, Client)
    assert [talks(found, v) for v in ("2.10", "2.12", "2.15")] == [Talks.NO, Talks.NO, Talks.YES]


def test_the_upgrade_is_the_newest_that_all_clients_talk_to() -> None:
    old = client_of("Amazon Linux 2", "5.10.98-87.1.amzn2.x86_64", "amd64")
    new = client_of(AL2023, "6.12.46-66.121.amzn2023.x86_64", "amd64")
    assert isinstance(old, Client)
    assert isinstance(new, Client)
    assert upgrade_for("2.10", (new,)) == "2.15"
    assert upgrade_for("2.10", (old, new)) == "2.12"
    assert upgrade_for("2.15", (old,)) == ""
    assert common_servers(()) == ()


def test_a_kernel_alone_tells_its_system() -> None:
    found = client_of_kernel("6.12.46-66.121.amzn2023.x86_64", "amd64")
    assert isinstance(found, Client)
    assert found.system == "Amazon Linux 2023"
    assert isinstance(client_of_kernel("99.1-custom", "amd64"), NotListed)


def test_defaults_of_fsx() -> None:
    assert default_version("SCRATCH_2") == "2.10"
    assert default_version("PERSISTENT_2") == "2.12"
    assert default_version("PERSISTENT_2", metadata_configuration=True) == "2.15"
    assert default_version("PERSISTENT_9") == ""


def test_every_row_names_a_system_and_a_client_of_the_table() -> None:
    table = matrix()
    systems = {system.id for system in table.systems}
    clients = {pair.client for pair in table.pairs} | {""}
    for row in table.kernels:
        assert set(row.systems) <= systems
        assert row.client in clients
        assert row.client or row.note, f"{row.first}: a kernel without client needs a note"
