"""API keys: where they are looked for, and the file that only its user may read."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fake_keyring
import pytest
from ploked.keys import ring
from ploked.keys.file import KeyFile
from ploked.keys.store import Found, KeyStore
from ploked.secret import Secret, redact
from ploked_protocol.errors import PlokedError

KEY, OTHER = "sk-or-v1-made-up-canary", "sk-or-v1-another-canary"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ploked" / "keys.json"


@pytest.fixture
def file(path: Path) -> KeyFile:
    return KeyFile(path)


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Have a keyring package; `setenv(HELD, ...)` says what it does."""
    monkeypatch.syspath_prepend(str(fake_keyring.install(tmp_path)))
    yield monkeypatch
    for name in ("keyring", "keyring.errors"):
        sys.modules.pop(name, None)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def shown(found: Found) -> tuple[str | None, str | None]:
    return (found.key.reveal() if found.key else None, found.source)


def either(file: KeyFile) -> list[Callable[[], object]]:
    """Return the ways in which the file is used."""
    return [lambda: file.get("openrouter"), lambda: file.set("openrouter", Secret(OTHER))]


class TestTheFile:
    def test_gives_back_what_was_put_in(self, file: KeyFile) -> None:
        assert file.get("openrouter") is None
        file.set("openrouter", Secret(KEY))
        found = file.get("openrouter")
        assert found is not None
        assert found.reveal() == KEY

    def test_is_the_users_alone_from_its_first_byte(self, file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
        modes, sync = [], os.fsync

        def look(descriptor: int) -> None:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", look)
        monkeypatch.setattr(os, "chmod", None)
        before = os.umask(0)
        try:
            file.set("openrouter", Secret(KEY))
            file.set("openrouter", Secret(OTHER))
        finally:
            os.umask(before)
        assert modes[0::2] == [0o600, 0o600]
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
        assert [each.name for each in file.path.parent.iterdir()] == ["keys.json"]

    def test_keeps_the_keys_of_others(self, file: KeyFile, path: Path) -> None:
        write(path, '{"elsewhere": "theirs", "later": {"kind": "of entry"}}')
        file.set("openrouter", Secret(KEY))
        assert json.loads(path.read_text()) == {
            "elsewhere": "theirs", "later": {"kind": "of entry"}, "openrouter": KEY
        }  # fmt: skip
        assert file.remove("openrouter") is True
        assert file.remove("openrouter") is False
        assert json.loads(path.read_text()) == {"elsewhere": "theirs", "later": {"kind": "of entry"}}

    def test_is_never_written_longer_than_it_is_read(self, file: KeyFile, path: Path) -> None:
        text = json.dumps({"elsewhere": "x" * 65_000, "openrouter": KEY})
        write(path, text)
        with pytest.raises(PlokedError, match=r"has no room for that: it may have 65,536 bytes"):
            file.set("openrouter", Secret("canaryOfAThousand" * 60))
        assert path.read_text() == text
        file.set("openrouter", Secret(OTHER))
        assert json.loads(path.read_text())["openrouter"] == OTHER

    def test_loses_no_key_when_many_are_set_at_once(self, file: KeyFile) -> None:
        names = [f"upstream-{number}" for number in range(24)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: KeyFile(file.path).set(name, Secret(f"key-of-{name}")), names))
        assert json.loads(file.path.read_text()) == {name: f"key-of-{name}" for name in names}

    @pytest.mark.parametrize("text", ["", "{", '["sk-or-v1-made-up-canary"]', "\x00" * 9, f"{KEY}\n"])
    def test_is_never_replaced_when_it_is_damaged(self, file: KeyFile, path: Path, text: str) -> None:
        write(path, text)
        for refused in either(file):
            with pytest.raises(PlokedError, match="is damaged") as raised:
                refused()
            assert str(path) in str(raised.value.data.next_step)
            assert KEY not in repr((raised.value.message, raised.value.data))
        assert path.read_text() == text

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o666])
    def test_is_refused_while_others_may_use_it(self, file: KeyFile, path: Path, mode: int) -> None:
        write(path, json.dumps({"openrouter": KEY}), mode)
        with pytest.raises(PlokedError, match=f"open to others \\(mode {mode:o}\\)") as raised:
            file.get("openrouter")
        remedy = str(raised.value.data.next_step).removeprefix("Make it private: ")
        subprocess.run(remedy, shell=True, check=True)
        assert file.get("openrouter") is not None

    def test_is_refused_as_a_link(self, file: KeyFile, path: Path, tmp_path: Path) -> None:
        write(tmp_path / "elsewhere.json", json.dumps({"openrouter": KEY}))
        path.parent.mkdir(parents=True)
        path.symlink_to(tmp_path / "elsewhere.json")
        for refused in either(file):
            with pytest.raises(PlokedError, match="symbolic link") as raised:
                refused()
            assert str(raised.value.data.next_step) == f"Remove it: rm {path}"
        assert KEY in (tmp_path / "elsewhere.json").read_text()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_is_refused_when_it_is_anothers(self, file: KeyFile, path: Path) -> None:
        write(path, json.dumps({"openrouter": KEY}))
        os.chown(path, 1234, 1234)
        with pytest.raises(PlokedError, match="another user \\(uid 1234\\)"):
            file.get("openrouter")

    def test_is_refused_when_it_is_no_file(self, file: KeyFile, path: Path) -> None:
        path.parent.mkdir(parents=True)
        os.mkfifo(path)  # opening it would wait for a writer
        with pytest.raises(PlokedError, match="no regular file"):
            file.get("openrouter")

    def test_stays_as_it_is_on_a_full_disk(self, file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
        file.set("openrouter", Secret(KEY))

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(PlokedError, match="no space left") as raised:
            file.set("openrouter", Secret(OTHER))
        assert OTHER not in raised.value.message
        assert json.loads(file.path.read_text()) == {"openrouter": KEY}


class TestTheOrder:
    def test_is_environment_then_keyring_then_file(self, file: KeyFile, keyring: pytest.MonkeyPatch) -> None:
        assert shown(KeyStore(None, file).find()) == (None, None)
        file.set("openrouter", Secret(KEY))
        assert shown(KeyStore(None, file).find()) == (KEY, "file")
        keyring.setenv(fake_keyring.HELD, "key:held-by-the-keyring")
        assert shown(KeyStore(None, file).find()) == ("held-by-the-keyring", "keyring")
        assert shown(KeyStore(Secret(OTHER), file).find()) == (OTHER, "environment")

    def test_is_followed_anew_each_time(self, file: KeyFile) -> None:
        keys = KeyStore(None, file)
        assert shown(keys.find()) == shown(keys.glance()) == (None, None)
        file.set("openrouter", Secret(KEY))
        assert shown(keys.glance()) == (KEY, "file")
        file.remove("openrouter")
        assert shown(keys.find()) == (None, None)

    def test_a_file_that_is_refused_is_said_with_what_mends_it(self, file: KeyFile, path: Path) -> None:
        write(path, json.dumps({"openrouter": KEY}), 0o644)
        found = KeyStore(None, file).find()
        assert found.key is None
        assert f"chmod 600 {path}" in str(found.problem)

    def test_a_key_that_is_found_is_hidden_without_delay(self, file: KeyFile) -> None:
        key = "canary/0of=aLongKey+" * 200
        KeyStore(Secret(key), file).find()
        started = time.thread_time()
        assert redact(key.replace("/", "\\/")) == "***"
        assert time.thread_time() - started < 0.5, "who asks meanwhile would have waited for more than a second"

    def test_the_keyring_is_asked_only_when_it_counts(self, file: KeyFile, keyring: pytest.MonkeyPatch) -> None:
        keyring.setenv(fake_keyring.HELD, "hang")
        assert shown(KeyStore(Secret(KEY), file).find()) == (KEY, "environment")

    def test_a_key_that_is_there_is_not_replaced_by_another(self, file: KeyFile) -> None:
        keys = KeyStore(None, file)
        keys.keep(Secret(KEY))
        keys.keep(Secret(KEY))
        with pytest.raises(PlokedError, match="holds another key") as raised:
            keys.keep(Secret(OTHER))
        assert OTHER not in repr((raised.value.message, raised.value.data))
        assert shown(keys.glance()) == (KEY, "file")


class TestTheKeyring:
    def test_need_not_be_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "keyring", None)
        assert ring.ask("openrouter").nothing == "not installed (pip install 'ploked[keyring]')"

    @pytest.mark.parametrize(
        ("held", "nothing", "trouble"),
        [
            ("", "no entry ploked/openrouter", False),
            ("raise:NoKeyringError", "there is none on this machine", False),
            ("raise:KeyringLocked", "it cannot be read (KeyringLocked)", True),
            ("hang", "it did not answer within 0.05 s", True),
        ],
    )
    def test_may_have_nothing_to_say(
        self, keyring: pytest.MonkeyPatch, file: KeyFile, held: str, nothing: str, trouble: bool
    ) -> None:
        keyring.setenv(fake_keyring.HELD, held)
        keyring.setattr(ring.ask, "__defaults__", (0.05 if held == "hang" else 30,))
        assert ring.ask("openrouter") == ring.RingAnswer(None, nothing, trouble)
        problem = KeyStore(None, file).find().problem
        assert problem == (f"The keyring: {nothing}." if trouble else None)

    def test_is_not_imported_before_it_is_asked(self) -> None:
        code = "import sys; from ploked.service import RegistryService; print('keyring' in sys.modules)"
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert ran.stdout == "False\n"


def test_every_secret_that_was_met_is_redacted_and_no_ordinary_word() -> None:
    Secret("plain looking value 42"), Secret("word")
    assert redact("a plain looking value 42, word for word") == "a ***, word for word"
