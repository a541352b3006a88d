"""What a service cannot do, in words for whoever asked for it. Never holds an address: that may hold a password."""


class Refusal(Exception):  # noqa: N818  # it is an answer
    """A message, and a hint with what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
