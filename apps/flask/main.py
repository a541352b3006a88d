"""Makes the service."""

from core.config import settings
from core.dependencies import register_dependencies
from core.errors import register_errors
from core.logs import configure_logs, register_logs
from core.sockets import register_sockets
from flask import Flask
from routes import blueprints


def create_app() -> Flask:
    """Make the service with its routes and its one shape of error."""
    configure_logs(settings.log_level)
    app = Flask(__name__, static_folder=None)  # a JSON service has no files to serve
    app.url_map.merge_slashes = False  # an address with one slash too many is unknown, as it is to FastAPI and Django
    if settings.prometheus_multiproc_dir:
        from core.metrics import register_metrics  # noqa: PLC0415  # with prometheus_client, which only this needs

        register_metrics(app)
    register_logs(app)
    register_errors(app)
    register_dependencies(app)
    register_sockets(app)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app


app = create_app()
