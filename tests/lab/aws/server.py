"""Runs the AWS front on a loopback port."""

import sys
import threading
from types import TracebackType

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.lab.aws.front import AwsFront


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Tells of errors only, which are the lab's own: the front keeps a log of calls itself."""
        if type == "error":
            print(message % args if args else message, file=sys.stderr)


class AwsServer:
    """The front, served by threads until closed."""

    def __init__(self, front: AwsFront, address: str = "127.0.0.1") -> None:
        self._server = make_server(address, 0, front, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.url = f"http://{address}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops accepting; requests under way are left to their threads."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "AwsServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
