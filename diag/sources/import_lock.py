"""Large libraries are loaded one at a time.

Two threads that import at once only take turns at the interpreter's lock, and both are late. One after the other, the
first is ready while the second loads.
"""

from __future__ import annotations

import threading

IMPORT_LOCK = threading.Lock()
"""Held while the Kubernetes client, boto3, a service model or dnspython loads; never while waiting for the world."""
