"""Where things are, by the environment and the XDG base directories. Standard library only: the proxy reads it too."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

OPENROUTER = "https://openrouter.ai/api/v1"
NO_HOME = os.devnull
"""Stands for the home of who has none: no folder can be made in it, so that nothing is kept, which is then told."""


def config_path(environ: Mapping[str, str], home: str) -> str:
    """Return config.toml: `$PLOKED_CONFIG`, else `ploke/config.toml` among the configurations."""
    return _named(environ, "PLOKED_CONFIG") or os.path.join(
        _base(environ, "XDG_CONFIG_HOME", home, ".config"), "ploke/config.toml"
    )


def cache_dir(environ: Mapping[str, str], home: str) -> str:
    """Return the folder whose contents may be deleted at any time."""
    return _named(environ, "PLOKED_CACHE_DIR") or os.path.join(
        _base(environ, "XDG_CACHE_HOME", home, ".cache"), "ploked"
    )


def state_dir(environ: Mapping[str, str], home: str) -> str:
    """Return the folder of what is kept: the sweep ledger and the log. With `$PLOKED_CACHE_DIR` set, that one."""
    state = os.path.join(_base(environ, "XDG_STATE_HOME", home, ".local/state"), "ploked")
    return _named(environ, "PLOKED_CACHE_DIR") or state


def keys_path(environ: Mapping[str, str], home: str) -> str:
    """Return the file of keys. It is neither configuration nor cache: `$PLOKED_CACHE_DIR` does not move it."""
    return os.path.join(_base(environ, "XDG_STATE_HOME", home, ".local/state"), "ploked/keys.json")


def log_path(environ: Mapping[str, str]) -> str:
    """Return the file that `$PLOKED_LOG` names for the log; empty when it is unset."""
    return _named(environ, "PLOKED_LOG")


def upstream_url(environ: Mapping[str, str]) -> str:
    """Return the base URL of the catalog: `$PLOKED_OPENROUTER_URL`, else OpenRouter's."""
    return (environ.get("PLOKED_OPENROUTER_URL") or OPENROUTER).rstrip("/")


def make_private(folder: str) -> None:
    """Make a folder where there is none, and those that it lies in: ours alone, whatever the umask. Raises OSError."""
    if os.path.isdir(folder):
        return
    make_private(os.path.dirname(os.path.abspath(folder)))
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        if not os.path.isdir(folder):  # else somebody else has just made it
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder) from None


def same_target(one: str, other: str) -> bool:
    """Return whether two paths lead to one file, which need not exist, whichever links and spelling they take."""
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def quoted(path: str) -> str:
    """Return a path as a shell reads it, for a command that somebody is told to run."""
    import shlex  # imported late: the proxy starts without it

    return shlex.quote(path)


def _named(environ: Mapping[str, str], name: str) -> str:
    """Return the absolute path that a variable of ours gives; empty when it is unset."""
    value = environ.get(name)
    return os.path.join(os.getcwd(), os.path.expanduser(value)) if value else ""


def _base(environ: Mapping[str, str], name: str, home: str, default: str) -> str:
    """Return an XDG folder; a relative one is ignored, as the specification asks."""
    value = environ.get(name, "")
    return value if os.path.isabs(value) else os.path.join(home, default)
