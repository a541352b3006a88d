"""Writes and sends mail: in the background, for it takes its time."""

import logging
import smtplib
import socket
from email.message import EmailMessage
from functools import cache
from urllib.parse import urlsplit

from core.config import settings

TIMEOUT_S = 30
SUBJECT = "Welcome"
TEXT = "Your account is ready."

logger = logging.getLogger(__name__)
_find_own_name = cache(socket.getfqdn)  # smtplib would ask for it anew with every mail


def send_welcome(recipient: str) -> None:
    """Send the welcome mail. A failure is logged and raised to nobody: the answer has gone out long before."""
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
    address = (server.hostname or "", server.port or 25)
    with smtplib.SMTP(*address, _find_own_name(), timeout=TIMEOUT_S) as connection:
        connection.send_message(message)
