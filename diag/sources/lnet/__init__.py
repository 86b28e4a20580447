"""Asking a Lustre server over its own wire, in user space: no kernel module, no mount, nothing left behind.

Codec (`nid`, `acceptor`, `hello`, `ksock`, `header`, `ping`, `ptlrpc`, `mgs`, `llog`) knows bytes and nothing else.
`conversation` turns bytes received into bytes owed and events; it owns no socket and no clock.
`dial` and `session` are the sockets, `host` the look at this machine's own LNet, `ladder` the climb over the rungs,
`verdict` the table that says what each thing seen means.
"""
