"""The files and the environment of one user of an editor."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ploked.lifecycle.find import greet
from ploked.lifecycle.place import Place
from ploked_fixtures.serve import UpstreamProcess

MODEL = "deepseek/deepseek-v3.2"
BANNED = "novita/fp8"
CONFIG = f"""version = 1

[registry]
global_default_profile = "balanced"

[[registry.profiles]]
name = "balanced"
params = {{ temperature = 0.7 }}

[[registry.models]]
model = "{MODEL}"
banned_providers = ["novita"]
"""


SHIM = """#!/bin/sh
exec '{python}' -c 'import sys; from ploked.cli import main; sys.exit(main())' "$@"
"""
"""The `ploked` command, also where the package is on the import path without being installed."""


def with_ploked(folder: Path) -> Path:
    """Write the `ploked` command into `folder`; return the folder."""
    program = folder / "ploked"
    program.write_text(SHIM.format(python=sys.executable))
    program.chmod(0o755)
    return folder


@dataclass
class Home:
    """The files and the environment of one user."""

    folder: Path
    upstream: UpstreamProcess
    programs: Path

    @property
    def config(self) -> Path:
        """The config.toml that the server reads."""
        return self.folder / "config.toml"

    @property
    def env(self) -> dict[str, str]:
        """The environment of an editor that finds `ploked` on its path."""
        own = {
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PLOKED_CONFIG": str(self.config),
            "PLOKED_CACHE_DIR": str(self.folder / "cache"),
            "PLOKED_OPENROUTER_URL": self.upstream.url,
            "OPENROUTER_API_KEY": "test-key",
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CACHE_HOME": str(self.folder / "xdg-cache"),
        }
        return {**os.environ, **own}


@dataclass
class SharedHome(Home):
    """The same of a user whose editors start `ploked connect`, and therefore share a daemon."""

    runtime: Path
    """The folder of the socket, with a short path."""

    @property
    def env(self) -> dict[str, str]:
        """The environment; editors find their own configuration below `folder`, too."""
        own = {
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PLOKED_IDLE_S": "5",
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "editor"),
        }
        return {**super().env, **own}

    def daemon(self) -> int | None:
        """Return the process id of the daemon; None where none runs."""
        found = greet(Place.of(self.env, str(self.folder)))
        if found is None:
            return None
        with found.connection:
            return int(str(found.hello["pid"]))


@contextmanager
def sharing(folder: Path, upstream: UpstreamProcess, programs: Path) -> Iterator[SharedHome]:
    """Give such a home in `folder`; its daemon ends with it."""
    with tempfile.TemporaryDirectory(prefix="ploked-", ignore_cleanup_errors=True) as runtime:
        made = SharedHome(folder, upstream, programs, Path(runtime))
        yield made
        if pid := made.daemon():
            os.kill(pid, signal.SIGKILL)
