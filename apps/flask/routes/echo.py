"""A WebSocket that says everything back."""

from core.sockets import listen, part, prepare_handshake
from flask import Blueprint
from flask_sock import Sock
from services.echo import find_fault
from simple_websocket import Server

blueprint = Blueprint("echo", __name__)
blueprint.before_request(prepare_handshake)
blueprint.after_request(part)
sock = Sock()


@sock.route("/ws/echo", blueprint)
def echo(connection: Server) -> None:
    """Say back what is said, until the client leaves."""
    for message in listen(connection):
        fault = find_fault(message)
        if fault is not None:
            return connection.close(fault)
        connection.send(message)
    return None
