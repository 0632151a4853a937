"""No edit of config.toml is lost or half written: killed at any point, on a full disk, or in a crowd."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ploked.preferences import disk, folder_lock
from ploked.preferences.disk import write_atomic
from ploked.preferences.exchange import exchange
from ploked.preferences.folder_lock import locked
from ploked.preferences.live import LivePreferences
from ploked_protocol.errors import ConfigNotEditable

OLD, NEW = "version = 1  # mine\r\n", "version = 1  # mine\r\n[registry]\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ploke" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(OLD.encode())
    path.chmod(0o640)
    return path


@pytest.fixture(params=["swap", "rename"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test on a file system that can swap two files, and on one that can not."""
    if request.param == "rename":
        monkeypatch.setattr(disk, "exchange", lambda _one, _other: False)


def files_beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir() if each != path)


# what a write keeps


@pytest.mark.usefixtures("either_way")
def test_a_write_replaces_the_text_and_keeps_the_mode(path: Path) -> None:
    assert write_atomic(path, OLD, NEW) is True
    assert path.read_bytes() == NEW.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert files_beside(path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_write_keeps_the_owner(path: Path) -> None:
    os.chown(path, 1234, 2345)
    write_atomic(path, OLD, NEW)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_write_goes_through_links_to_the_file_itself(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to("ploke/config.toml")
    assert write_atomic(link, OLD, NEW) is True
    assert link.is_symlink()
    assert path.read_bytes() == NEW.encode()


def test_a_new_file_and_its_folders_are_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config.toml"
    assert write_atomic(path, None, NEW) is True
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (path.parent.parent, path.parent, path)]
    assert modes == [0o700, 0o700, 0o600]


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("expected", [None, "something else"])
def test_a_file_that_is_not_as_expected_is_left_alone(path: Path, expected: str | None) -> None:
    assert write_atomic(path, expected, NEW) is False
    assert path.read_bytes() == OLD.encode()
    assert files_beside(path) == []


@pytest.mark.usefixtures("either_way")
def test_a_file_that_was_deleted_is_not_brought_back(path: Path) -> None:
    path.unlink()
    assert write_atomic(path, OLD, NEW) is False
    assert not path.exists()


@pytest.mark.usefixtures("either_way")
def test_a_save_while_the_new_text_is_being_written_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fsync

    def save_meanwhile(descriptor: int) -> None:
        path.write_text("# an editor was faster\n")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", save_meanwhile)
    assert write_atomic(path, OLD, NEW) is False
    assert path.read_text() == "# an editor was faster\n"


@pytest.mark.parametrize("saves", [1, 2, 3])
def test_a_save_in_the_very_moment_of_the_swap_wins(path: Path, monkeypatch: pytest.MonkeyPatch, saves: int) -> None:
    saved = iter(range(saves))

    def save_first(one: Path, other: Path) -> bool:
        if (number := next(saved, None)) is not None:
            editors = path.with_name("editor.tmp")
            editors.write_text(f"# save {number}\n")
            editors.replace(path)
        return exchange(one, other)

    monkeypatch.setattr(disk, "exchange", save_first)
    assert write_atomic(path, OLD, NEW) is False
    assert path.read_text() == f"# save {saves - 1}\n"
    assert files_beside(path) == []


def test_a_file_made_in_the_very_moment_of_the_first_write_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.unlink()
    link = os.link

    def make_first(source: Path, target: Path) -> None:
        path.write_text("# an editor was faster\n")
        link(source, target)

    monkeypatch.setattr(os, "link", make_first)
    assert write_atomic(path, None, NEW) is False
    assert path.read_text() == "# an editor was faster\n"


# when the system says no


@pytest.mark.parametrize("call", ["open", "fchmod", "fsync", "swap"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_write_that_fails_leaves_the_file_and_says_why(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    really_open = os.open

    def refuse(*_arguments: Any, **_named: Any) -> None:
        raise OSError(number, os.strerror(number))

    def refuse_to_create(name: Any, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT:
            refuse()
        return really_open(name, flags, *mode)

    places = {"fchmod": "os.fchmod", "fsync": "os.fsync", "swap": "ploked.preferences.disk.exchange"}
    monkeypatch.setattr(places.get(call, "os.open"), refuse_to_create if call == "open" else refuse)
    with pytest.raises(ConfigNotEditable, match=re.escape(os.strerror(number)[1:])) as refused:
        write_atomic(path, OLD, NEW)
    assert str(path) in refused.value.message
    assert refused.value.data.next_step
    assert path.read_bytes() == OLD.encode()
    assert files_beside(path) == []


def test_a_full_disk_leaves_the_old_file(path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from ploked.preferences.disk import write_atomic
from ploked_protocol.errors import ConfigNotEditable
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomic(path, path.read_bytes().decode(), "#" * 5000)
except ConfigNotEditable as refused:
    print(refused.message)
"""
    said = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True, timeout=60)
    assert "left as it is: file too large" in said.stdout
    assert path.read_bytes() == OLD.encode()
    assert files_beside(path) == []


def test_a_read_only_file_is_not_replaced_behind_its_mode(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode, **_: mode != os.W_OK)  # root would be allowed all the same
    with pytest.raises(ConfigNotEditable, match="read-only"):
        write_atomic(path, OLD, NEW)
    assert path.read_bytes() == OLD.encode()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ploke").write_text("")
    with pytest.raises(ConfigNotEditable, match=r"ploke/config\.toml was left as it is"):
        write_atomic(tmp_path / "ploke" / "config.toml", None, NEW)


def test_a_folder_that_stays_locked_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_lock, "PAUSE_S", 0)
    with locked(path.parent), pytest.raises(ConfigNotEditable) as refused:
        write_atomic(path, OLD, NEW)
    assert "locked" in (refused.value.data.next_step or "")
    assert path.read_bytes() == OLD.encode()


# killed

KILLED_AT_EVERY_CALL = """
import ctypes, encodings.idna, getpass  # so that no child spends its calls on imports
import json, os, signal, stat, sys
from pathlib import Path
from ploked.keys.file import KeyFile
from ploked.preferences import disk
from ploked.secret import Secret

path, way, old, new = Path(sys.argv[1]), sys.argv[2], *json.loads(sys.argv[3])
stride = int(sys.argv[4])
if way == "rename":
    disk.exchange = lambda one, other: False

def write():
    if way == "keys":
        KeyFile(path).set("openrouter", Secret("sk-or-v1-new"))
    else:
        disk.write_atomic(path, old, new)

def write_until(last):
    calls = 0
    def count(frame, event, argument):
        nonlocal calls
        if event == "c_call":  # before every call into the system
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
    write()
    os._exit(0)

def begin():
    if old is None:
        path.unlink(missing_ok=True)
        return
    real = Path(os.path.realpath(path))
    real.write_bytes(old.encode())
    real.chmod(0o600 if way == "keys" else 0o640)
    if os.geteuid() == 0 and way != "keys":
        os.chown(real, 1234, 2345)

outcomes, last, killed = [], 0, True
while killed:
    last += stride
    begin()
    if not (child := os.fork()):
        write_until(last)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    status = path.stat() if path.exists() else None
    outcomes.append([
        path.read_bytes().decode() if status else None,
        [stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid] if status else None,
        sorted({stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir() if each.is_file()}),
    ])
print(json.dumps(outcomes))
"""
STRIDE = 1 if int(os.environ.get("PLOKED_KILLS", "0")) >= 200 else 5
"""The short form kills the rarer ways of writing at each fifth call."""
OWNER = [1234, 2345] if os.geteuid() == 0 else [os.geteuid(), os.getegid()]


def killed_at_every_call(path: Path, way: str, old: str | None, new: str) -> list[tuple[str | None, Any, list[int]]]:
    """Return text, mode with owner, and the modes of all files in the folder, after a kill at each call."""
    stride = 1 if way == "swap" else STRIDE
    command = [sys.executable, "-c", KILLED_AT_EVERY_CALL, str(path), way, json.dumps([old, new]), str(stride)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    outcomes = [tuple(one) for one in json.loads(said.stdout)]
    assert len(outcomes) > 50 / stride, "the write was not followed call by call"
    return outcomes


@pytest.mark.parametrize("way", ["swap", "rename", "link"])
def test_a_write_killed_at_any_call_leaves_the_old_file_or_the_new_one(path: Path, tmp_path: Path, way: str) -> None:
    named = path
    if way == "link":
        named = tmp_path / "link.toml"
        named.symlink_to(path)
    outcomes = killed_at_every_call(named, way, OLD, NEW)
    texts = [text for text, _, _ in outcomes]
    assert set(texts) == {OLD, NEW}
    assert OLD not in texts[texts.index(NEW) :], "once the new text is there, it stays"
    assert [kept for _, kept, _ in outcomes if kept != [0o640, *OWNER]] == []
    assert way != "link" or named.is_symlink()
    assert files_beside(path) == [], "the last write, which was not killed, cleans up after the others"


def test_a_first_write_killed_at_any_call_leaves_no_file_or_the_new_one(path: Path) -> None:
    path.unlink()
    outcomes = killed_at_every_call(path, "new", None, NEW)
    texts = [text for text, _, _ in outcomes]
    assert set(texts) == {None, NEW}
    assert NEW not in texts[: texts.count(None)], "once the new text is there, it stays"


def test_a_key_stored_until_a_kill_is_never_for_other_eyes_nor_costs_other_keys(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keys.json"
    path.parent.mkdir()
    old = '{"elsewhere": "theirs"}'
    outcomes = killed_at_every_call(path, "keys", old, "")
    assert {json.dumps(json.loads(text or "")) for text, _, _ in outcomes} == {
        old, '{"elsewhere": "theirs", "openrouter": "sk-or-v1-new"}'
    }  # fmt: skip
    assert [modes for _, _, modes in outcomes if modes != [0o600]] == []
    assert files_beside(path) == []


# in a crowd

ADD_LINES = """
import asyncio, sys
from pathlib import Path
from ploked.preferences.live import LivePreferences

async def main(path, name, count):
    live = LivePreferences(path)
    for number in range(count):
        await live.edit(lambda text: text + f"# {name} {number}\\n")

asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


def test_edits_of_several_daemons_at_once_are_all_there(path: Path) -> None:
    names = ["a", "b", "c", "d"]
    commands = [[sys.executable, "-c", ADD_LINES, str(path), name, "50"] for name in names]
    daemons = [subprocess.Popen(command) for command in commands]
    assert [daemon.wait(timeout=100) for daemon in daemons] == [0, 0, 0, 0]
    lines = path.read_text().splitlines()
    assert sorted(lines[1:]) == sorted(f"# {name} {number}" for name in names for number in range(50))


async def test_saves_in_an_editor_between_edits_are_never_overwritten(path: Path) -> None:
    """Whenever an edit starts, an editor saves a further line by rename, as often as the edit is asked again."""
    live, saves = LivePreferences(path), 0

    def change(text: str) -> str:
        nonlocal saves
        if saves % 3 < 2:
            beside = path.with_name("editor.tmp")
            beside.write_text(path.read_text() + f"# editor {saves}\n")
            beside.replace(path)
        saves += 1
        return text + "# daemon\n"

    for _ in range(20):
        await live.edit(change)
    lines = path.read_text().splitlines()
    assert lines.count("# daemon") == 20
    assert [line for line in lines if "editor" in line] == [f"# editor {n}" for n in range(saves) if n % 3 < 2]
    assert live.text == path.read_text()
