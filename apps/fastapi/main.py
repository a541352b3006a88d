"""Makes the service."""

import logging

from core import config
from core.config import settings
from core.errors import register_errors
from core.lifespan import lifespan
from core.logs import RequestLog, configure_logs
from fastapi import FastAPI
from routes import routers


def create_app() -> FastAPI:
    """Make the service with its routes and its one shape of error."""
    configure_logs(settings.log_level)
    app = FastAPI(
        title=config.TITLE,
        description=config.DESCRIPTION,
        version=config.VERSION,
        contact=config.CONTACT,
        license_info=config.LICENCE,
        redirect_slashes=False,  # an address with one slash too many is unknown, as it is to Flask and Django
        lifespan=lifespan,
    )
    if logging.getLogger("requests").isEnabledFor(logging.INFO):
        app.add_middleware(RequestLog)
    register_errors(app)
    for router in routers:
        app.include_router(router)
    return app


app = create_app()
