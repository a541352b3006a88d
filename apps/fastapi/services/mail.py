"""Writes and sends mail in the background, and sees to it that none is left unsent when the service ends."""

import asyncio
import logging
import smtplib
import socket
from email.message import EmailMessage
from functools import cache
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from core.config import settings
from core.lifespan import closing

TIMEOUT_S = 30
SUBJECT = "Welcome"
TEXT = "Your account is ready."

logger = logging.getLogger(__name__)
_find_own_name = cache(socket.getfqdn)  # smtplib would ask for it anew with every mail
_threads = CapacityLimiter(4)  # of its own: a mail server that hangs must not keep passwords from being hashed
_unsent: set[asyncio.Task[None]] = set()


async def send_welcome(recipient: str) -> None:
    """Send the welcome mail. It fails in the log only: the answer went out long before.

    gunicorn's `asgi` worker cancels what runs on for a client that has gone away: hence a task that is our own.
    """
    task = asyncio.create_task(to_thread.run_sync(_send_or_log, recipient, limiter=_threads))
    _unsent.add(task)
    task.add_done_callback(_unsent.discard)
    await asyncio.shield(task)


async def _finish() -> None:
    await asyncio.gather(*_unsent)


closing.push_async_callback(_finish)


def _send_or_log(recipient: str) -> None:
    try:
        _send(_make_message(recipient))
    except Exception as error:  # noqa: BLE001  # nobody is left who could be told
        # The class alone: what a mail server says may quote the address.
        logger.error("mail lost", extra={"cause": type(error).__name__})  # noqa: TRY400


def _make_message(recipient: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = recipient
    message["Subject"] = SUBJECT
    message.set_content(TEXT)
    return message


def _send(message: EmailMessage) -> None:
    if settings.mail_url is None:
        raise RuntimeError("MAIL_URL is not set")
    server = urlsplit(settings.mail_url)
    address = (server.hostname or "", server.port or smtplib.SMTP_PORT)
    with smtplib.SMTP(*address, _find_own_name(), timeout=TIMEOUT_S) as connection:
        connection.send_message(message)
