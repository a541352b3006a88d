"""A worker of gunicorn's own class for ASGI that closes WebSockets when it ends: its own waits for them in silence."""

from gunicorn.workers.gasgi import ASGIWorker


class ClosingASGIWorker(ASGIWorker):
    """gunicorn's ASGI worker, and a word to whoever has a WebSocket open."""

    def handle_exit_signal(self) -> None:
        """End, and close what would otherwise be waited for until gunicorn's patience ends, after 30 s."""
        from core.sockets import close_sockets  # noqa: PLC0415  # gunicorn's master imports this file, but not the app

        super().handle_exit_signal()
        self.farewell = self.loop.create_task(close_sockets())
