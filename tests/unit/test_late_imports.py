"""What is imported late is imported by whichever thread comes first, and by others at the same moment."""

from __future__ import annotations

import subprocess
import sys

MEANWHILE = """
import sys, threading, time
from importlib import _bootstrap
from importlib.machinery import PathFinder
from ploked.preferences.wording import closest
from ploked.search.index import SearchIndex

failed = []


def warm():
    try:
        SearchIndex().warm()
    except BaseException as error:
        failed.append(repr(error))


class Finder:
    def find_spec(name, path, target=None):
        found = PathFinder.find_spec(name, path, target)
        if name == "rapidfuzz":
            found.loader.create_module = lambda spec: meet()
        return found


def meet():
    # This thread holds the lock on rapidfuzz, which is not among the modules yet: this is when the other one comes, and
    # waits for that lock, or for its turn to import at all.
    if other.ident:
        return
    other.start()
    until = time.monotonic() + 0.5
    while time.monotonic() < until and not _bootstrap._blocking_on.get(other.ident):
        time.sleep(0.001)


other = threading.Thread(target=warm)
sys.meta_path.insert(0, Finder)
assert closest("balancd", ["balanced"]) == ["balanced"]
other.join()
assert other.ident and not failed, failed
"""


def test_two_threads_may_need_rapidfuzz_first() -> None:
    done = subprocess.run([sys.executable, "-c", MEANWHILE], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
