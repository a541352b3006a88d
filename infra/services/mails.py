"""A mail server that takes every mail, counts it by its sender, and forgets it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version

from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Mails by envelope sender: each contender has one of its own."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()

    async def listen(self, host: str) -> str:
        """Listen on a free port, and say where."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="localhost", loop=loop), host, 0, backlog=1024)
        return f"smtp://{host}:{server.sockets[0].getsockname()[1]}"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Count a mail."""
        self.received[envelope.mail_from or ""] += 1
        return "250 OK"

    def facts(self) -> dict[str, object]:
        """Version."""
        return {"version": f"aiosmtpd {version('aiosmtpd')}"}


def senders(labels: Sequence[str]) -> dict[str, str]:
    """The address that each label's mails come from; a label itself may hold what no address may."""
    return {label: f"shop-{number}@rematch.example" for number, label in enumerate(labels, 1)}
