"""How pyinfra reaches a host: through a connection that is open already, whose host key OpenSSH has verified."""

import shlex
from typing import Any

from pyinfra.api import StringCommand
from pyinfra.api.util import get_file_io
from pyinfra.connectors.base import BaseConnector, DataMeta
from pyinfra.connectors.util import CommandOutput, make_unix_command_for_host, run_local_process
from typing_extensions import TypedDict


class ThroughSshData(TypedDict):
    """What an inventory says of a host."""

    rematch_ssh: list


class ThroughSsh(BaseConnector):
    """Adds each command to the words that reach the host."""

    handles_execution = True
    data_cls = ThroughSshData
    data_meta = {"rematch_ssh": DataMeta("Words that reach the host, to which a command is added.", [])}  # noqa: RUF012

    @staticmethod
    def make_names_data(name: str) -> None:
        """Nobody names it: see main.py."""
        raise NotImplementedError

    def run_shell_command(
        self, command: StringCommand, print_output: bool = False, print_input: bool = False, **arguments: Any
    ) -> tuple[bool, CommandOutput]:
        """Whether a command went well, and what it wrote."""
        arguments.pop("_get_pty", None)
        timeout, stdin = arguments.pop("_timeout", None), arguments.pop("_stdin", None)
        fine = arguments.pop("_success_exit_codes", None) or [0]
        there = make_unix_command_for_host(self.state, self.host, command, **arguments).get_raw_value()
        here = shlex.join([*self.data["rematch_ssh"], there])
        code, output = run_local_process(here, stdin=stdin, timeout=timeout, print_output=print_output)
        return code in fine, output

    def put_file(
        self,
        filename_or_io: Any,
        remote_filename: str,
        remote_temp_filename: str | None = None,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> bool:
        """Write a file of the host."""
        with get_file_io(filename_or_io) as file:
            content = file.read()
        text = content if isinstance(content, str) else content.decode()
        command = StringCommand(
            "sh", "-c", shlex.quote(f"printf %s {shlex.quote(text)} >{shlex.quote(remote_filename)}")
        )
        return self.run_shell_command(command, **arguments)[0]

    def get_file(self, *_: Any, **__: Any) -> bool:
        """Nothing is fetched."""
        raise NotImplementedError
