"""What gunicorn serves."""

import os

import structlog
from shared_lib.observability import logging, tracing

from .app import NAME
from .app.web import create_app
from .config import Config

log = structlog.get_logger(__name__)
config = Config.from_env(os.environ)
logging.configure(NAME, level=config.log_level)
tracing.start(NAME)
if config.allow_anonymous:
    log.warning("AUTH_MODE=open: anybody may send notices without a token")
application = create_app(config)
