"""`python -m diag` is `lustre-doctor`."""

from diag.cli import main

main()
