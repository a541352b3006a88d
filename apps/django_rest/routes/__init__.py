"""The routes, one module per resource."""

from . import health, hello, models

urlpatterns = [*health.urlpatterns, *hello.urlpatterns, *models.urlpatterns]
