"""The routes, one module per resource."""

from . import (
    catalogue,
    expensive,
    health,
    hello,
    injection,
    items,
    login,
    models,
    slow,
    top,
    upstream,
    users,
)

routers = (
    health.router,
    hello.router,
    models.router,
    items.router,
    catalogue.router,
    injection.router,
    users.router,
    login.router,
    expensive.router,
    top.router,
    upstream.router,
    slow.router,
)
