"""How gunicorn serves the services: its settings, its worker class and its logger.

Inside this package `gunicorn` is the library: imports are absolute.
"""

import threading

shutting_down = threading.Event()
"""Set once this process was told to end: it answers requests, and `/readyz` says that it is not ready for more."""
