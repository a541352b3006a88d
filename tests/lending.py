"""Where there is no registry, the generators of a load host get this environment instead of one of their own."""

import sys
from pathlib import Path

from harness.hosts.load import generator_place
from harness.hosts.openssh import Connection, SshAddress
from harness.hosts.shelf import Shelf
from harness.hosts.site import Site
from harness.hosts.survey import survey


def lend_environment(at: SshAddress, cache: Path) -> None:
    """`cache`: the folder here that is ~/.cache/rematch there."""
    with Connection(at) as connection:
        place = generator_place(Site(connection, survey(connection), Shelf(connection, "")))
    made, ours = cache / "environments" / Path(place).name, Path(sys.executable).parent.parent
    made.mkdir(parents=True)
    (made / ".complete").touch()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (made / name).symlink_to(ours / name)
