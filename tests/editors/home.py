"""The files and the environment of one user of an editor."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

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
