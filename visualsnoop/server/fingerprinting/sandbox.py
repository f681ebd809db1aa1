"""What a process that reads pictures of everybody gives up, as far as the system lets it.

A decoder that a picture has taken over shall find nothing worth having. On Linux, seccomp leaves it
the system calls that computing needs: no socket, no other program, no signal to another process.
Landlock lets it read where Python and its libraries are, for some are loaded only when a picture
needs them, and nothing else.
"""

import errno
import os
import resource
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

if sys.platform == "linux":
    import landlockpy
    import seccompy

_MOST_FILES = 64
_CLONE_THREAD = 0x00010000

_SYSTEM_CALLS = (
    # Memory.
    *("brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mincore", "membarrier"),
    # What is open, and what may be read.
    *(
        "read",
        "readv",
        "pread64",
        "write",
        "writev",
        "close",
        "lseek",
        "fcntl",
        "dup",
        "dup2",
        "dup3",
    ),
    *("fstat", "newfstatat", "statx", "stat", "lstat", "access", "faccessat", "faccessat2"),
    *("open", "openat", "readlink", "readlinkat", "getdents64", "getcwd", "poll", "ppoll"),
    # Threads, and waiting for them.
    *("futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "restart_syscall"),
    *("gettid", "getpid", "getppid", "exit", "exit_group"),
    # Signals that it gets.
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
    # Time, and what the machine is.
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday"),
    *("getrusage", "getrlimit", "setrlimit", "getrandom", "uname", "sysinfo", "getcpu"),
    *("getuid", "geteuid", "getgid", "getegid"),
)


def give_up_rights() -> list[str]:
    """Give up, for the rest of this process, all rights that decoding does not need.

    Returns:
        What the system has not for that, for people.
    """
    # Asked first, for these libraries look for the C library by running programs.
    has_landlock = sys.platform == "linux" and _is_supported(landlockpy)
    has_seccomp = sys.platform == "linux" and _is_supported(seccompy)
    # No file can be written, and none is left with what was in memory after a crash.
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _MOST_FILES)
    if has_landlock:
        _give_up_files()
    if has_seccomp:
        _give_up_system_calls()
    available = {"Landlock": has_landlock, "seccomp": has_seccomp}
    return [name for name, is_available in available.items() if not is_available]


def _is_supported(library: ModuleType) -> bool:
    try:
        return bool(library.supported())
    except OSError:
        # Some containers forbid to ask.
        return False


def _limit(which: int, most: int) -> None:
    _, allowed = resource.getrlimit(which)
    if allowed == resource.RLIM_INFINITY or allowed > most:
        resource.setrlimit(which, (most, most))


def _give_up_files() -> None:
    with landlockpy.Ruleset() as ruleset:
        for folder in _folders_of_python():
            ruleset.allow_path(folder, landlockpy.AccessFS.READ_FILE | landlockpy.AccessFS.READ_DIR)
        ruleset.restrict()


def _folders_of_python() -> Iterator[Path]:
    paths = {*sys.path, *sysconfig.get_paths().values(), sys.prefix, sys.base_prefix}
    libraries = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"}
    return (Path(path) for path in (paths | libraries) if path and Path(path).exists())


def _give_up_system_calls() -> None:
    rules = seccompy.Filter(seccompy.Action.ERRNO | errno.EPERM, flags=seccompy.FilterFlag.TSYNC)
    for name in _SYSTEM_CALLS:
        # Each kind of processor lacks some of them.
        with suppress(ValueError):
            rules.allow(name)
    rules.allow("prlimit64", args={0: 0})
    rules.allow("tgkill", args={0: os.getpid()})
    # Threads, but no processes. What `clone3` is for cannot be told from its arguments; it is said
    # not to be there, and so the C library calls `clone`.
    rules.errno("clone3", errno.ENOSYS)
    is_thread = seccompy.ArgCmp(0, seccompy.CmpOp.MASKED_EQ, _CLONE_THREAD, mask=_CLONE_THREAD)
    rules.allow("clone", args=[is_thread])
    rules.load()
