"""Makes the service, for an ASGI server: the same views, run by Django in a thread of its own."""

import os

from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler


def create_app() -> ASGIHandler:
    """Make the service with its routes and its one shape of error."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings"
    return get_asgi_application()


app = create_app()
