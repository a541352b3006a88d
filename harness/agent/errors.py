"""What the agent reports as an error: a message and a hint, like the harness's own."""


class AgentError(Exception):
    """Something the user can act on; crosses the wire as {"error": {"message", "hint"}}."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class HostError(AgentError):
    """Nobody's server is to blame, and no other would fare better; crosses the wire with "by_host": true."""
