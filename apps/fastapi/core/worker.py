"""A gunicorn worker of uvicorn-worker that serves as `uvicorn` itself is told to: it takes no options of its own."""

from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker


class PlainUvicornWorker(UvicornWorker):
    """uvicorn under gunicorn: loop and parser in C, proxy headers and the compression of WebSockets off."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "httptools",
        "proxy_headers": False,
        "ws_per_message_deflate": False,
    }
