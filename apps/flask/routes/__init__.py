"""The routes, one module per resource."""

from . import catalogue, expensive, health, hello, injection, items, login, models, slow, top, upstream, users

blueprints = (
    health.blueprint,
    hello.blueprint,
    models.blueprint,
    items.blueprint,
    catalogue.blueprint,
    injection.blueprint,
    users.blueprint,
    login.blueprint,
    expensive.blueprint,
    top.blueprint,
    upstream.blueprint,
    slow.blueprint,
)
