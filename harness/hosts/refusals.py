"""What OpenSSH's client says when it does not get through, and what that means for who called it. Pure."""

from __future__ import annotations

from harness.errors import HostError, LostError

_FULL = ("No space left on device", "Disk quota exceeded", "Wrote only")  # the last is tar's
# In this order: the first that fits is the cause, what follows from it comes after.
_CAUSES = (
    (
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", "POSSIBLE DNS SPOOFING"),
        "The host key of `{host}` has changed: it is another machine, or somebody stands in between.",
        "If you know why, forget the old one (ssh-keygen -R), then compare the new one's fingerprint by hand.",
    ),
    (
        ("revoked",),
        "The host key of `{host}` is marked as revoked.",
        "Whoever revoked it knows why; nothing here goes on without a key that is trusted.",
    ),
    (
        ("host key is known for", "Host key verification failed", "No matching host key fingerprint"),
        "The host key of `{host}` is not known, so nobody knows which machine that is.",
        "Log in once by hand and compare the fingerprint, or name a file that holds its key with --known-hosts.",
    ),
    (
        ("Permission denied", "Too many authentication failures", "no mutual signature"),
        "`{host}` refuses every key that it was shown.",
        "Its authorized_keys must hold one of yours (ssh-copy-id, ssh-add); passwords are never asked for.",
    ),
    (
        ("Could not resolve hostname",),
        "`{host}` cannot be found: there is no such name.",
        "Check its spelling, or give its number.",
    ),
    (
        ("Connection refused",),
        "`{host}` cannot be reached: no SSH server listens there.",
        "Check the port, as in ssh://user@host:2222, and that sshd runs.",
    ),
    (
        ("timed out", "No route to host", "Network is unreachable", "Connection timeout", "Operation timed out"),
        "`{host}` cannot be reached: nothing answers.",
        "Is it up, and does every firewall on the way let SSH through?",
    ),
    (
        ("Connection closed by", "Connection reset by", "kex_exchange_identification"),
        "`{host}` closed the connection before anybody was let in.",
        "Its own log says why: journalctl -u ssh",
    ),
    (
        _FULL,
        "The disk of `{host}` is full.",
        "Make room there: df -h; what Rematch keeps between runs is in ~/.cache/rematch.",
    ),
)


def refusal(host: str, said: str) -> HostError:
    """Why a connection to `host` could not be made, by what the client said."""
    return _known(host, said) or HostError(f"`{host}` cannot be used: {_last(said)}.", "Try it by hand: ssh -v")


def failure(host: str, what: str, said: str) -> HostError:
    """Why something that was to be done there was not, by what was said there."""
    full = _known(host, said) if any(word in said for word in _FULL) else None
    return full or HostError(f"{what} failed on `{host}`.", f"Its last words: {_last(said)}")


def lost(host: str, said: str) -> LostError:
    """The connection was there, and is no more."""
    return LostError(f"The connection to `{host}` was lost.", f"ssh's last words: {_last(said)}")


def _known(host: str, said: str) -> HostError | None:
    for words, message, hint in _CAUSES:
        if any(word in said for word in words):
            return HostError(message.format(host=host), hint)
    return None


def _last(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
