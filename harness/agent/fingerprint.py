"""What this machine is (`identity`: must agree between runs that are compared) and how it is now (`moment`)."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .pagecache import can_drop
from .speed import speed
from .usage import steal_s

_CPU = Path("/sys/devices/system/cpu")
_MEMORY_STEP_BYTES = 64 << 20


def fingerprint(cpus: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Facts about the machine, of which `cpus` may be used (METHOD.md 7). None: this cannot be felt here."""
    return {"identity": _identity(cpus), "moment": _moment(cpus)}


def siblings(cpus: Sequence[int]) -> list[list[int]] | None:
    """CPUs that are threads of one core, core by core; None where the kernel does not tell."""
    cores = set()
    for cpu in cpus:
        text = _read(_CPU / f"cpu{cpu}/topology/thread_siblings_list")
        if text is None:
            return None
        cores.add(tuple(parse_cpus(text)))
    return sorted(list(core) for core in cores)


def _identity(cpus: Sequence[int]) -> dict[str, Any]:
    return {
        "platform": platform.system(),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "cpu_model": _cpuinfo("model name") or _sysctl("machdep.cpu.brand_string"),
        "cpus": list(cpus),
        "siblings": siblings(cpus),
        "governor": _read(_CPU / f"cpu{cpus[0]}/cpufreq/scaling_governor"),
        "hypervisor": _hypervisor(),
        "product": _read(Path("/sys/class/dmi/id/product_name")),  # on AWS: the instance type
        "memory_bytes": _memory_bytes(),
    }


def _moment(cpus: Sequence[int]) -> dict[str, Any]:
    up = _read(Path("/proc/uptime"))
    return {
        "load_average": list(os.getloadavg()),
        "pressure": {what: _pressure(what) for what in ("cpu", "memory", "io")},
        "steal_s": steal_s(),
        "boot_id": _read(Path("/proc/sys/kernel/random/boot_id")),
        "uptime_s": float(up.split()[0]) if up else None,
        "container": _container(),
        "drops_page_cache": can_drop(),
        "speed": speed(cpus),
    }


def parse_cpus(text: str) -> list[int]:
    """The kernel's `0-2,5` as numbers."""
    ends = [part.partition("-") for part in text.split(",")]
    return [cpu for first, _, last in ends for cpu in range(int(first), int(last or first) + 1)]


def _hypervisor() -> str | None:
    """Its name where the firmware tells it; None on bare metal, and where nothing tells."""
    names = (_read(Path("/sys/hypervisor/type")), _read(Path("/sys/class/dmi/id/sys_vendor")))
    virtual = "hypervisor" in (_cpuinfo("flags") or "").split() or names[0] is not None
    return (names[0] or names[1] or "unnamed") if virtual else None


def _container() -> str | None:
    """The kind of container that this runs in, if it shows."""
    marks = {"docker": Path("/.dockerenv"), "podman": Path("/run/.containerenv")}
    return next((name for name, mark in marks.items() if mark.exists()), _read(Path("/run/systemd/container")))


def _memory_bytes() -> int:
    """To 64 MiB: what the kernel keeps for itself differs a little from boot to boot."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return round(size / _MEMORY_STEP_BYTES) * _MEMORY_STEP_BYTES


def _pressure(what: str) -> float | None:
    """The share of the last ten seconds in which something waited for it, 0 to 1 (kernel, accounting/psi)."""
    text = _read(Path("/proc/pressure") / what)
    return float(text.partition("avg10=")[2].split()[0]) / 100 if text else None


def _cpuinfo(key: str) -> str | None:
    for line in (_read(Path("/proc/cpuinfo")) or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return None


def _sysctl(name: str) -> str | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=True)
        return asked.stdout.strip() or None
    return None


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip() or None
    except OSError:
        return None
