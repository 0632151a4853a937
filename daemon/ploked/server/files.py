"""How many files the system lets this process have open: each connection is one."""

from __future__ import annotations

from contextlib import suppress

MOST_FILES = 4096
"""Asked for where the system allows it: 512 sessions, who is no session, and what sweeps and the catalog open."""
OWN_FILES = 40
"""What the daemon needs beside connections to it: it has 27 after a refresh, an edit and a sweep."""
LEAST_CONNECTIONS = 4
"""Who has fewer files than that is told by the system."""


def raise_limit() -> None:
    """Let this process have as many files open as it may need, as far as the system allows."""
    try:
        import resource
    except ImportError:  # Windows counts none
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _at_most(hard)
    if _at_most(soft) < wanted:
        with suppress(OSError, ValueError):  # the end may be below the one that the system tells
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def for_connections() -> int:
    """Return how many connections may be open at once."""
    try:
        import resource
    except ImportError:
        return MOST_FILES
    return max(_at_most(resource.getrlimit(resource.RLIMIT_NOFILE)[0]) - OWN_FILES, LEAST_CONNECTIONS)


def _at_most(limit: int) -> int:
    """Return a limit of the system, which may be none (-1, or the largest number), as far as it is of interest."""
    return MOST_FILES if limit < 0 else min(limit, MOST_FILES)
