"""Decides what of a conversation is said back."""

MAX_BYTES = 65_536

# Codes of RFC 6455, section 7.4.1, with which a conversation is ended.
NOT_TEXT = 1003
TOO_LARGE = 1009


def find_fault(message: str | bytes) -> int | None:
    """Find the code with which to end the conversation over this message; None: it is to be said back."""
    if isinstance(message, bytes):
        return NOT_TEXT
    return TOO_LARGE if len(message.encode()) > MAX_BYTES else None
