"""The machine: what it is, how fast it is just now, and how much processor time a process took."""

from __future__ import annotations

import hashlib
import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no annotations

CpuSeconds = Callable[[], float]
"""The processor time that a group of processes has taken so far."""

CALIBRATION_BYTES = 400


def own_cpu() -> float:
    """This process, all of its threads."""
    return time.process_time()


def process_cpu(pid: int) -> CpuSeconds:
    """One other process."""
    process = psutil.Process(pid)

    def seconds() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    return seconds


def tree_cpu(pid: int) -> CpuSeconds:
    """A process and its children, those that have ended among them: PostgreSQL."""
    root = psutil.Process(pid)

    def seconds() -> float:
        times = root.cpu_times()
        total = times.user + times.system + times.children_user + times.children_system
        for child in root.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue  # from now on it counts among the children that have ended
            total += times.user + times.system
        return float(total)

    return seconds


def busy_cpu() -> float:
    """Everybody on this machine, and what its host took away from it."""
    times = psutil.cpu_times()
    counted = ("user", "nice", "system", "irq", "softirq", "steal")
    return float(sum(getattr(times, name, 0.0) for name in counted))


def calibrate(scratch: Path, seconds: float) -> dict[str, float]:
    """How fast one thread hashes and the disk flushes now: shows what else keeps the machine busy.

    SHA-256 of 400 bytes a second, and the median of writing and flushing 8 KiB, in milliseconds.
    """
    return {
        "sha256_per_second": _hashes_per_second(seconds),
        "flush_ms": _flush_seconds(scratch, seconds) * 1000,
    }


def _hashes_per_second(seconds: float) -> float:
    data, done, began = bytes(CALIBRATION_BYTES), 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        for _ in range(1000):
            hashlib.sha256(data).digest()
        done += 1000
    return done / spent


def _flush_seconds(scratch: Path, seconds: float) -> float:
    taken: list[float] = []
    path = scratch / "flush"
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        while not taken or time.perf_counter() - began < seconds:
            asked = time.perf_counter()
            file.write(bytes(8192))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - asked)
    path.unlink()
    return statistics.median(taken)


def describe() -> dict[str, Any]:
    """Cores, memory, processor, system, Python and the hour (UTC)."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
