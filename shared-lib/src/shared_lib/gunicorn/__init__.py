"""gunicorn's settings, worker class and logger for all services.

Inside this package `gunicorn` is the library: imports are absolute.
"""

import threading

shutting_down = threading.Event()
"""Set when this process got SIGTERM: it still answers requests, and `/readyz` says that it is not ready for more."""
