"""Reads how often a rented machine's network allowances were exceeded: counters of its interfaces, as ethtool has them.

AWS's driver (ena) counts packets that were held up or dropped, one counter per allowance; others have no such counters.
The kernel's interface is that of ethtool(8), so that the machine need not have the program: linux/ethtool.h.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import socket
import struct
import sys

_ENDING = "_allowance_exceeded"
_SIOCETHTOOL = 0x8946
_GET_SIZES, _GET_NAMES, _GET_VALUES = 0x37, 0x1B, 0x1D  # ETHTOOL_GSSET_INFO, _GSTRINGS, _GSTATS
_STATISTICS = 1  # ETH_SS_STATS
_NAME_BYTES = 32


def exceeded() -> dict[str, int] | None:
    """Packets by allowance since boot, over all interfaces; None where nobody counts."""
    counts: dict[str, int] = {}
    for interface in _interfaces():
        for name, count in statistics(interface).items():
            if name.endswith(_ENDING):
                allowance = name.removesuffix(_ENDING)
                counts[allowance] = counts.get(allowance, 0) + count
    return counts or None


def statistics(interface: str) -> dict[str, int]:
    """All counters of an interface by name; none where its driver has none."""
    if sys.platform != "linux":
        return {}
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        sizes = _asked(asking, interface, struct.pack("=IIQI", _GET_SIZES, 0, 1 << _STATISTICS, 0))
        size = struct.unpack_from("=I", sizes, 16)[0]
        names = _asked(
            asking, interface, struct.pack("=III", _GET_NAMES, _STATISTICS, size) + bytes(_NAME_BYTES * size)
        )
        values = _asked(asking, interface, struct.pack("=II", _GET_VALUES, size) + bytes(8 * size))
        return dict(zip(_words(names[12:]), struct.unpack_from(f"={size}Q", values, 8), strict=True))
    return {}


def _asked(asking: socket.socket, interface: str, request: bytes) -> bytes:
    """The kernel answers in the place of the request."""
    place = array.array("B", request)
    address, _ = place.buffer_info()
    fcntl.ioctl(asking, _SIOCETHTOOL, struct.pack("16sP", interface.encode(), address))
    return place.tobytes()


def _words(text: bytes) -> list[str]:
    names = (text[start : start + _NAME_BYTES] for start in range(0, len(text), _NAME_BYTES))
    return [name.partition(b"\0")[0].decode(errors="replace") for name in names]


def _interfaces() -> list[str]:
    with contextlib.suppress(OSError, AttributeError):
        return [name for _, name in socket.if_nameindex()]
    return []
