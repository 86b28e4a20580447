"""What can be wrong with a server, or merely unusual about it, by name."""

from __future__ import annotations

import enum


class Fault(enum.Enum):
    # Not a Lustre server at all.
    SILENT = "takes the connection and says nothing"
    CLOSES = "takes the connection and closes it"
    HTTP = "an HTTP server"
    SSH = "an SSH server"
    GARBAGE = "random bytes"
    # The acceptor and the HELLO.
    INSECURE_PORT = "sees every source port above 1023, as behind NAT"
    REFUSED_NID = "does not have the NID it is asked for"
    HALF_HELLO = "stops in the middle of its HELLO"
    HALF_HELLO_CLOSES = "closes in the middle of its HELLO"
    HUGE_HELLO = "a HELLO with four billion addresses"
    OTHER_HELLO_VERSION = "a HELLO of version 9"
    OTHER_ACCEPTOR_VERSION = "an acceptor of version 7"
    BUSY_ONCE = "turns the first connection away, as while it tears an older one down"
    BUSY = "turns every connection away"
    # LNet.
    NO_PING = "answers no ping"
    HUGE_PAYLOAD = "a message with four gigabytes of payload"
    HALF_REPLY = "stops in the middle of a reply"
    UNKNOWN_FRAME = "a frame of a type that does not exist"
    ENDLESS_NOOPS = "keepalives without end, and no answer"
    ENDLESS_QUESTIONS = "asks who we are without end, and never listens"
    # The MGS.
    NO_MGS = "no MGS service"
    ENODEV = "an MGS service without an MGS"
    EAGAIN = "an MGS that is starting"
    EBUSY = "an MGS in recovery"
    EPROTO = "an MGS that refuses the protocol"
    EACCES = "an MGS that does not let this client in"
    HANGS_UP = "hangs up when the MGS is asked"
    HUGE_BUFFERS = "a reply whose buffers are four gigabytes long"
    NO_CONNECT_DATA = "a connect reply without its data"
    LOG_ERROR = "cannot open logs"
    BROKEN_LOG = "a configuration log with a broken record"
    ENDLESS_LOG = "a configuration log whose blocks never get on"
    NEVER_DISCONNECTS = "does not answer MGS_DISCONNECT"
    # Unusual, and all the same a good server.
    SLOW = "takes its time for every answer"
    DRIBBLE = "sends every byte in a segment of its own"
    CHECKSUMS = "sums its messages"
    KEEPALIVES = "keepalives between the answers"
    EARLY_REPLIES = "early replies before the real one"
    ZERO_COPY = "wants receipts for its sends"
    WANTS_ACKS = "wants its PUTs acknowledged"
    STRAY_MESSAGES = "lock callbacks, discovery pushes and replies to others"
    INTERFACE_DOWN = "calls its own interface down"
