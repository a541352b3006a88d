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

urlpatterns = [
    *health.urlpatterns,
    *hello.urlpatterns,
    *models.urlpatterns,
    *items.urlpatterns,
    *catalogue.urlpatterns,
    *injection.urlpatterns,
    *users.urlpatterns,
    *login.urlpatterns,
    *expensive.urlpatterns,
    *top.urlpatterns,
    *upstream.urlpatterns,
    *slow.urlpatterns,
]
