"""One tree of errors: each says what is wrong and what to do about it. Only `cli` turns them into exit codes."""


class RematchError(Exception):
    """Something the user can act on. `message` quotes the offending value; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(RematchError):
    """The command line or a file says something that cannot be meant. Several problems are joined by newlines."""


class InstallError(RematchError):
    """An app's virtual environment could not be made."""


class LaunchError(RematchError):
    """A contender did not start, or stopped before it was asked to."""


class ContractError(RematchError):
    """A contender answered otherwise than its scenario demands."""


class EngineError(RematchError):
    """The load generator failed; nothing is said about any contender."""


class HostError(RematchError):
    """The measured host, or the agent on it, cannot be used."""


class LostError(HostError):
    """The way to a host was cut. Whatever ran there has ended, or soon will; the host may be there again."""


class StoreError(RematchError):
    """A run cannot be written or read."""
