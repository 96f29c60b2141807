"""The WSGI application that gunicorn serves."""

import os

from shared_lib.observability import logging, tracing

from . import NAME
from .app import create_app
from .config import Config

config = Config.from_env(os.environ)
logging.configure(NAME, level=config.log_level)
tracing.start(NAME)
application = create_app(config)
