"""Makes this Python lack what another system's lacks, as far as that can be done: `PLOKED_TESTS_SYSTEM` says which.

Python imports a module of this name, if there is one on its path, before anything else. What cannot be had this way:
the other system's own event loop, file system, rights and consoles.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, NoReturn

STDLIB = (shutil, subprocess, tempfile)
"""They look at `os` while they are imported, on this system: that has to happen before."""

WINDOWS_MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "crypt", "nis", "spwd")
WINDOWS_OS = """
O_ASYNC O_CLOEXEC O_DIRECT O_DIRECTORY O_DSYNC O_LARGEFILE O_NDELAY O_NOATIME O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH
O_RSYNC O_SYNC O_TMPFILE chown chroot confstr ctermid eventfd fchdir fchmod fchown fdatasync fork forkpty fpathconf
fstatvfs get_blocking getegid geteuid getgid getgroups getloadavg getpgid getpgrp getpriority getresgid getresuid
getsid getuid getxattr initgroups killpg lchown lockf major makedev memfd_create minor mkfifo mknod nice openpty
pathconf pidfd_open pipe2 posix_fadvise posix_fallocate posix_spawn posix_spawnp pread preadv pwrite pwritev readv
sched_getaffinity sched_yield sendfile set_blocking setegid seteuid setgid setgroups setpgid setpriority setregid
setreuid setsid setuid splice statvfs sync sysconf tcgetpgrp tcsetpgrp ttyname uname wait wait3 wait4 waitid writev
"""
WINDOWS_SIGNAL = "SIGALRM SIGCHLD SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGCONT SIGTSTP SIGUSR1 SIGUSR2"
MACOS_FCNTL = ("F_SETPIPE_SZ", "F_GETPIPE_SZ", "F_ADD_SEALS", "F_NOTIFY")


def hide(module: Any, *names: str) -> None:
    """Take away what is there of these names."""
    for name in names:
        if hasattr(module, name):
            delattr(module, name)


def be_windows() -> None:
    """Hide modules, functions and constants; make the event loop, `select` and `kill` what they are there."""
    sys.modules.update(dict.fromkeys(WINDOWS_MODULES))  # type: ignore[arg-type]  # None forbids the import
    hide(os, *WINDOWS_OS.split())
    hide(signal, *WINDOWS_SIGNAL.split())
    os.supports_effective_ids.clear()
    unix, pair, kill, library = socket.AF_UNIX, socket.socketpair, os.kill, ctypes.CDLL
    socket.socketpair = lambda *_: pair(unix)  # there it is made of two TCP sockets
    hide(socket, "AF_UNIX", "SO_PEERCRED", "SCM_RIGHTS", "CMSG_LEN")
    hide(asyncio, "start_unix_server", "open_unix_connection")
    for name in ("add_signal_handler", "add_reader", "add_writer", "connect_read_pipe", "connect_write_pipe"):
        setattr(asyncio.SelectorEventLoop, name, _not_implemented)

    def only_sockets(*_: Any) -> NoReturn:
        raise OSError(10038, "An operation was attempted on something that is not a socket")

    def no_probing(pid: int, number: int) -> None:
        asks = sys._getframe(1).f_globals["__name__"]
        # Its soft lock, which stands in for LockFileEx here, looks so whether who holds it lives: never on Windows.
        if number == 0 and not asks.startswith("filelock"):  # Ctrl-C there, to all who share the console
            os.write(2, b"signal 0 was sent\n")
            os._exit(86)
        kill(pid, number)

    class Library(library):  # type: ignore[misc,valid-type]  # a variable, for the name is replaced
        def __init__(self, name: str | None, *args: Any, **more: Any) -> None:
            if name is None:
                raise TypeError("expected a name")
            super().__init__(name, *args, **more)

    class Kernel:
        """What the documentation of kernel32 says of these, played on this system; a handle is the process id."""

        def __init__(self, *_: Any, **__: Any) -> None: ...

        def OpenProcess(self, _access: int, _inherit: bool, pid: int) -> int:  # noqa: N802  # its name there
            return pid if Path(f"/proc/{pid}").exists() else 0

        def WaitForSingleObject(self, handle: int, _patience_ms: int) -> int:  # noqa: N802  # its name there
            return 0x102 if Path(f"/proc/{handle}").exists() else 0

        def CloseHandle(self, _handle: int) -> bool:  # noqa: N802  # its name there
            return True

    select.select, os.kill = only_sockets, no_probing
    ctypes.CDLL = Library  # type: ignore[misc]  # in place of the class
    ctypes.WinDLL, ctypes.get_last_error = Kernel, lambda: 87  # type: ignore[attr-defined]  # only there

    warnings.filterwarnings("ignore", "only soft file lock is available")  # filelock's, in place of LockFileEx

    import ploked.system

    ploked.system.WINDOWS = True


def be_macos() -> None:
    """Hide what Linux has besides: pidfds, sizes of pipes, credentials of peers, /proc, functions of its C library."""
    import fcntl

    hide(os, "pidfd_open", "sched_getaffinity", "memfd_create", "eventfd", "O_PATH", "O_TMPFILE")
    hide(fcntl, *MACOS_FCNTL)
    hide(socket, "SO_PEERCRED")
    library, read_text = ctypes.CDLL, Path.read_text

    class Library(library):  # type: ignore[misc,valid-type]  # a variable, for the name is replaced
        def __getattr__(self, name: str) -> Any:
            if name in ("renameat2", "malloc_trim"):
                raise AttributeError(name)
            return super().__getattr__(name)

    def without_proc(path: Path, *args: Any, **more: Any) -> str:
        if path.is_relative_to("/proc"):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return read_text(path, *args, **more)

    ctypes.CDLL = Library  # type: ignore[misc]  # in place of the class
    Path.read_text = without_proc  # type: ignore[method-assign,assignment]  # on purpose


def _not_implemented(*_: Any, **__: Any) -> NoReturn:
    raise NotImplementedError


{"windows": be_windows, "macos": be_macos}[os.environ["PLOKED_TESTS_SYSTEM"]]()
