"""Writes and sends mail: in the background, for it takes its time."""

import logging

from django.core.mail import send_mail

SUBJECT = "Welcome"
TEXT = "Your account is ready."

logger = logging.getLogger(__name__)


def send_welcome(recipient: str) -> None:
    """Send the welcome mail. It fails in the log only: the answer went out long before."""
    try:
        send_mail(SUBJECT, TEXT, None, [recipient])  # None: from DEFAULT_FROM_EMAIL
    except Exception as error:  # noqa: BLE001  # nobody is left who could be told
        # The class alone: what a mail server says may quote the address.
        logger.error("mail lost", extra={"cause": type(error).__name__})  # noqa: TRY400
