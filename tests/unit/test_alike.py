"""Threads that need rapidfuzz first, all at once, as after a start: a check of config.toml, a slip, the warm-up."""

from __future__ import annotations

import subprocess
import sys

FIRST_OF_ALL = """
import threading
from ploked.preferences.wording import closest
from ploked.search.index import SearchIndex
from ploked.search.suggest import Slips, Spellings
from ploked_protocol.catalog import ModelRecord

models = [ModelRecord(id="a/kimi-k2", name="Kimi", source="test")]
index = SearchIndex()
index.update(models, lambda _: None)
work = [
    index.warm,
    lambda: closest("balansed", ["balanced"]),
    lambda: Slips(["kimik2"]).words_close_to("kmik2"),
    lambda: Spellings(models).closest("a/kimi-k22", 1),
] * 2
together, failed = threading.Barrier(len(work)), []


def run(each):
    together.wait()
    try:
        each()
    except BaseException as error:
        failed.append(error)


threads = [threading.Thread(target=run, args=[each]) for each in work]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failed, failed
"""


def test_none_of_them_fails() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_OF_ALL], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
