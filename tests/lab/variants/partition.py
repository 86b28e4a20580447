"""Other partitions: their ARNs, their domains, their registries."""

from typing import TYPE_CHECKING

from tests.lab.setup import Account
from tests.lab.variants.driver import regional_images
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@variant("govcloud", region="us-gov-west-1")
def govcloud(lab: "Lab", account: Account) -> None:
    """AWS GovCloud (US)."""
    regional_images(lab)


@variant("china", region="cn-north-1")
def china(lab: "Lab", account: Account) -> None:
    """Beijing: amazonaws.com.cn throughout."""
    regional_images(lab)


@variant("opt-in-region", region="eu-south-1")
def opt_in_region(lab: "Lab", account: Account) -> None:
    """An opt-in region, whose registry has an account of its own."""
    regional_images(lab)
