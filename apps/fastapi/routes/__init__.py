"""The routes, one module per resource."""

from . import health, hello, models

routers = (health.router, hello.router, models.router)
