"""The routes, one module per resource."""

from . import health, hello, models

blueprints = (health.blueprint, hello.blueprint, models.blueprint)
