"""Makes the service."""

from core import config
from core.errors import register_errors
from fastapi import FastAPI
from routes import routers


def create_app() -> FastAPI:
    """Make the service with its routes and its one shape of error."""
    app = FastAPI(
        title=config.TITLE,
        description=config.DESCRIPTION,
        version=config.VERSION,
        contact=config.CONTACT,
        license_info=config.LICENCE,
        redirect_slashes=False,  # an address with one slash too many is unknown, as it is to Flask and Django
    )
    register_errors(app)
    for router in routers:
        app.include_router(router)
    return app


app = create_app()
