"""Joins the routes, and says who answers where there is none."""

from routes import urlpatterns

handler400 = "core.errors.on_bad_request"
handler404 = "core.errors.on_unknown_address"
handler500 = "core.errors.on_failure"

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]
