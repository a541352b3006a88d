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
        version=config.VERSION,
        openapi_url=None,  # the routes of the document and its pages are ours: routes/docs.py
        generate_unique_id_function=lambda route: route.name,  # an operation is called like its function
        redirect_slashes=False,  # an address with one slash too many is unknown, as it is to Flask and Django
        lifespan=lifespan,
    )
    if logging.getLogger("requests").isEnabledFor(logging.INFO):
        app.add_middleware(RequestLog)
    if settings.prometheus_multiproc_dir:
        from core.metrics import AnswerCount  # noqa: PLC0415  # prometheus_client is for those who count

        app.add_middleware(AnswerCount)
    register_errors(app)
    for router in routers:
        app.include_router(router)
    return app


app = create_app()
