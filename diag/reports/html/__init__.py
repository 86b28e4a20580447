"""One self-contained page: no script, no request, nothing of a stranger's text is ever markup."""
