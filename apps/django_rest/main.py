"""Makes the service, for a WSGI server."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application


def create_app() -> WSGIHandler:
    """Make the service with its routes and its one shape of error."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings"
    return get_wsgi_application()


app = create_app()
