"""Whole processes, measured: wall and processor time and peak memory, as the operating system accounts for a child.

`python bench/speed/process.py COMMAND …` runs a command and prints its usage as a last line. That launcher stands
between the measuring process and the command because Linux counts the memory a process held before it became another
program: the child of a big process would inherit its peak.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

THREADS = 2
"""Of every contender, whatever the machine has."""
PR_SET_CHILD_SUBREAPER = 36
"""Of `prctl(2)`: orphans among the descendants become children of the caller."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Usage:
    """What one process took.

    cpu_seconds: user and system time of all its threads and of every process that it started. peak_mib: of the one
    among them that held most. others_share: of all cores meanwhile, what other processes kept busy; 0 where the
    system does not say.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    others_share: float


def measure(command: Sequence[str]) -> tuple[Usage, str]:
    """Run a command as a fresh process; its usage and what it printed. Raises RuntimeError when it fails."""
    names = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, "-I", "-S", __file__, *command],
        env=os.environ | dict.fromkeys(names, str(THREADS)),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    printed, _, usage = done.stdout.rstrip().rpartition("\n")
    return Usage(**json.loads(usage)), printed


def interleaved(contenders: Mapping[str, Callable[[], Result]], rounds: Mapping[str, int]) -> dict[str, list[Result]]:
    """Let everyone run once a round until it has run so often: a busy minute of the machine falls on all of them."""
    results: dict[str, list[Result]] = {name: [] for name in contenders}
    for number in range(max(rounds.values(), default=0)):
        for name, run in contenders.items():
            if number < rounds[name]:
                results[name].append(run())
    return results


def report(usage: Usage, printed: str) -> dict[str, Any]:
    """A usage with what a program printed about itself as its last line, if that is JSON."""
    last = printed.strip().rpartition("\n")[2]
    return asdict(usage) | (json.loads(last) if last.startswith("{") else {})


def _launch(command: list[str]) -> int:
    _adopt_orphans()
    began, busy_before = time.perf_counter(), _busy_seconds()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    everyone = [used, *_used_by_orphans()]
    cpu = sum(each.ru_utime + each.ru_stime for each in everyone)
    until_all_ended, busy = time.perf_counter() - began, _busy_seconds() - busy_before
    others = max(busy - cpu, 0.0) / (until_all_ended * (os.cpu_count() or 1))
    usage = Usage(wall, cpu, max(each.ru_maxrss for each in everyone) / 1024, others)
    print("\n" + json.dumps(asdict(usage)))
    return os.waitstatus_to_exitcode(status)


def _adopt_orphans() -> None:
    """Have this process wait for what the command leaves behind: workers end after it, and would not be accounted."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _used_by_orphans() -> Iterator[resource.struct_rusage]:
    """What processes took that outlived the command, once they have ended."""
    with suppress(ChildProcessError):
        while True:
            yield os.wait4(-1, 0)[2]


def _busy_seconds() -> float:
    """Seconds that all cores together have worked since the system began; 0 where it does not say."""
    try:
        with open("/proc/stat", encoding="ascii") as file:  # noqa: PTH123
            user, nice, system, _, _, interrupts, soft_interrupts, stolen = map(int, file.readline().split()[1:9])
    except OSError:
        return 0.0
    ticks = user + nice + system + interrupts + soft_interrupts + stolen
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(_launch(sys.argv[1:]))
