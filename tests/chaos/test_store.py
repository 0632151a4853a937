"""The cache is disposable: damage, full and foreign disks cost rows at most, never an answer and never a crash."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ploked.store import disposable
from ploked.store.base import Stored
from ploked.store.sqlite import SqliteStore
from records import NOW_S, endpoint, model, models, provider

PAGE = 4096
KILLS = int(os.environ.get("PLOKED_KILLS", "8"))
"""How often a process is killed while it saves; the promise is about 200."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


def fill(path: Path, rows: int = 300) -> None:
    """Write a catalog of some hundred pages and leave it closed, so that all of it is in the one file."""
    with closing(SqliteStore(path)) as store:
        store.save_models(models(rows), NOW_S)
        store.save_providers([provider(f"provider-{number}") for number in range(rows)], NOW_S)
        for number in range(0, rows, 10):
            store.save_endpoints(f"a/{number}", [endpoint(f"a/{number}", f"tag-{tag}") for tag in range(9)], NOW_S)


def assert_in_order(store: SqliteStore) -> None:
    """See that loading does not raise, and that what is saved comes back."""
    store.load_models()
    store.load_all_endpoints()
    store.load_providers()
    store.save_models([model("a/one")], NOW_S)
    store.save_endpoints("a/one", [endpoint("a/one", "acme")], NOW_S)
    store.save_providers([provider("acme")], NOW_S)
    assert store.load_models() == Stored([model("a/one")], NOW_S)
    assert store.load_all_endpoints()["a/one"] == Stored([endpoint("a/one", "acme")], NOW_S)
    assert store.load_providers() == Stored([provider("acme")], NOW_S)


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(3 * PAGE))


def text(path: Path) -> None:
    path.write_text("<!doctype html>")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // PAGE * PAGE)


def cut_within_a_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size - PAGE // 3)


def flipped_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // PAGE * PAGE)
        page = bytes(byte ^ 0xFF for byte in file.read(PAGE))
        file.seek(-PAGE, os.SEEK_CUR)
        file.write(page)


def header_alone(path: Path) -> None:
    os.truncate(path, 100)


def schema_that_is_no_text(path: Path) -> None:
    """SQLite's complaint then quotes bytes that Python cannot decode."""
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE models (key_id", b"CREATE TABLE models (\xff\xff(_id"))


DAMAGES = [garbage, text, cut, cut_within_a_page, flipped_page, header_alone, schema_that_is_no_text]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_put_aside_and_a_new_one_begun(
    path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    fill(path)
    damage(path)
    before = path.read_bytes()

    with closing(SqliteStore(path)) as store:
        assert store.load_models() is None
        assert_in_order(store)

    assert path.with_name("catalog.db.damaged-1").read_bytes() == before
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "was damaged" in caplog.text


def test_tables_of_another_shape_are_put_aside_too(path: Path) -> None:
    """They are another program's, or those of a later ploked."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE models (name TEXT)")

    with closing(SqliteStore(path)) as store:
        assert_in_order(store)

    with closing(sqlite3.connect(path.with_name("catalog.db.damaged-1"))) as db:
        assert db.execute("SELECT name FROM models").fetchall() == []


def test_damage_that_comes_while_the_file_is_open_costs_no_save(path: Path) -> None:
    fill(path)
    with closing(SqliteStore(path)) as store:
        store.load_models()
        garbage(path)
        assert_in_order(store)


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bits_anywhere_never_raise(path: Path, seed: int) -> None:
    fill(path, rows=60)
    chance = random.Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 8, 64])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)

    with closing(SqliteStore(path)) as store:
        assert_in_order(store)


def test_the_last_three_damaged_files_are_kept(path: Path) -> None:
    for number in range(5):
        path.write_text(f"damage {number}")
        with closing(SqliteStore(path)) as store:
            store.load_models()

    kept = {file.name: file.read_text() for file in path.parent.glob("*damaged*")}
    assert kept == {f"catalog.db.damaged-{age}": f"damage {5 - age}" for age in (1, 2, 3)}


def test_a_daemon_does_not_put_aside_the_file_that_another_has_begun_anew(path: Path) -> None:
    fill(path)
    with closing(SqliteStore(path)) as ours, closing(SqliteStore(path)) as theirs:
        ours.load_models()
        garbage(path)
        theirs.save_providers([provider("acme")], NOW_S)

        assert ours.load_providers() == Stored([provider("acme")], NOW_S)
    assert len(list(path.parent.glob("*damaged-?"))) == 1


def test_a_folder_in_the_place_of_the_file_costs_one_warning(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir()
    with closing(SqliteStore(path)) as store:
        for _ in range(3):
            assert store.load_models() is None
            store.save_models([model("a/one")], NOW_S)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "PLOKED_CACHE_DIR" in caplog.text


def test_a_locked_file_is_passed_over_until_it_is_free(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(path)
    with closing(SqliteStore(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        assert (store.load_models(), store.load_all_endpoints(), store.load_providers()) == (None, {}, None)
        assert time.monotonic() - started < 10  # three times as long as SQLite waits by itself
        other.execute("ROLLBACK")
        other.close()

        assert store.load_models() == Stored(models(300), NOW_S)
        assert_in_order(store)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert not list(path.parent.glob("*damaged*"))


def test_the_readings_of_a_start_wait_for_a_locked_file_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path)
    waits: list[float] = []
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def noting(*args: Any, **more: Any) -> sqlite3.Connection:
        waits.append(more["timeout"])
        return connect(*args, **more)

    with closing(SqliteStore(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite3, "connect", noting)
        assert (store.load_models(), store.load_all_endpoints(), store.load_providers()) == (None, {}, None)
        assert waits == [disposable.OPENING_S, 0.0, 0.0]
        store.save_models(models(300), NOW_S)
        assert waits[3:] == [disposable.BUSY_TIMEOUT_S]  # what is to be kept is worth a longer wait


FULL_DISK = """
import json, logging, resource, sys
from pathlib import Path
from typing import Any
from ploked.store.sqlite import SqliteStore
from records import NOW_S, models

warnings = []
logging.basicConfig(level=logging.WARNING, format="%(message)s")
logging.getLogger().handlers[0].emit = lambda record: warnings.append(record.levelname)
path, when = Path(sys.argv[1]), sys.argv[2]


def room(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


store = SqliteStore(path)
if when == "full before the start":
    room(0)
seen = [len(store.load_models().rows)]
room(0)
for _ in range(3):
    store.save_models(models(500), NOW_S + 1)
    seen.append(len(store.load_models().rows))
room(resource.RLIM_INFINITY)
troubles = [store.trouble]
store.save_models(models(500), NOW_S + 1)
seen.append(len(store.load_models().rows))
troubles.append(store.trouble)
json.dump([seen, warnings, troubles], sys.stdout)
"""


@pytest.mark.parametrize("when", ["full before the start", "full later"])
def test_on_a_full_disk_reads_go_on_with_one_warning_until_there_is_room(path: Path, when: str) -> None:
    """A process without leave to write a byte stands in for the disk: SQLite sees failing writes in both."""
    fill(path)
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path, when], capture_output=True, timeout=60, check=True, env=child_environ()
    )

    seen, warnings, (trouble, healed) = json.loads(child.stdout)
    assert seen == [300, 300, 300, 300, 500]
    assert warnings == ["WARNING"]
    assert f"{path} cannot be" in trouble
    assert healed == ""
    assert not list(path.parent.glob("*damaged*"))


def child_environ() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}


@contextmanager
def read_only_folder() -> Iterator[Path]:
    """Yield a folder with a filled cache that may be read and not written; as root, become somebody else meanwhile."""
    folder = Path(tempfile.mkdtemp())  # not tmp_path, whose parents are closed to others
    fill(folder / "catalog.db")
    (folder / "catalog.db").chmod(0o444)
    folder.chmod(0o555)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if was_root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_in_a_read_only_folder_reads_go_on_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    with read_only_folder() as folder, closing(SqliteStore(folder / "catalog.db")) as store:
        for _ in range(3):
            assert store.load_models() == Stored(models(300), NOW_S)
            assert f"{folder}/catalog.db cannot be written" in store.trouble
            store.save_models([model("a/one")], NOW_S)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]


ENDLESS_SAVES = """
import sys
from pathlib import Path
from typing import Any
from ploked.store.sqlite import SqliteStore
from records import models

store = SqliteStore(Path(sys.argv[1]))
generation = int(sys.argv[2])
while True:
    generation += 1
    store.save_models(models(100 + generation % 7), generation)
    print(generation, flush=True)
"""


def test_a_kill_in_the_middle_of_a_save_leaves_one_whole_generation(path: Path) -> None:
    chance = random.Random(7)
    saved = 0
    for _ in range(KILLS):
        command = [sys.executable, "-c", ENDLESS_SAVES, str(path), str(saved)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environ()) as child:
            assert child.stdout is not None
            for _ in range(chance.randrange(1, 9)):
                saved = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)

        with closing(SqliteStore(path)) as store:
            found = store.load_models()
        assert found is not None
        assert found.refreshed_s >= saved
        assert found.rows == models(100 + found.refreshed_s % 7)
        saved = found.refreshed_s
    assert not list(path.parent.glob("*damaged*"))
