"""Surroundings that are not as one expects them: names that are no UTF-8, folders that cannot be had, few files."""

from __future__ import annotations

import asyncio
import pwd
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from daemon.desk import Desk, desk
from daemon.test_hostile import HELLO
from daemon.test_isolation import PROFILE
from daemon.test_lobby import crowd
from e2e.places import KIMI, RawDaemon
from ploked import paths
from ploked.lifecycle import find
from ploked.server import files
from ploked_protocol.framing import frame

# names that are no UTF-8


@pytest.mark.parametrize("name", ["F\udcff", "FOO", "XDG_STATE_HOME", "PLOKED_CACHE_DIR", "PLOKED_CONFIG"])
async def test_a_daemon_is_found_whose_environment_is_no_utf_8(tmp_path: Path, name: str) -> None:
    async with desk(tmp_path, **{name: f"{tmp_path}/st\udcff/x"}) as here:
        editor = await here.editor()
        if name == "PLOKED_CONFIG":
            shown = await editor.told("textDocument/publishDiagnostics")
            assert shown["params"]["uri"] == f"file://{tmp_path}/st%FF/x"
        assert (await editor.result("ploked/status", {}))["pid"] == await here.alone()
        status = await here.status()
        assert status["running"]
        shown = status["environment"][name.replace("\udcff", "\\xff")]
        assert shown == ("***" if "F" in name[:1] else f"{tmp_path}/st\\xff/x")
        code, out, errors = await here.run("status")
        assert (code, errors) == (0, "")
        assert out.startswith("ploked ")
        assert "incident" not in Path(here.place.log).read_text()


async def test_a_socket_whose_path_is_no_utf_8_can_be_named(here: Desk, tmp_path: Path) -> None:
    code, out, _ = await here.run(
        "status", env={"PLOKED_SOCKET": f"{tmp_path}/\udcff.sock", "PYTHONIOENCODING": "utf-8:strict"}
    )
    assert (code, out.splitlines()) == (1, [f"No daemon runs at {tmp_path}/\\udcff.sock; `ploked connect` starts one."])


async def test_a_message_that_names_a_path_that_is_no_utf_8_can_be_read(tmp_path: Path) -> None:
    async with desk(tmp_path, PLOKED_LOG=f"{tmp_path}/st\udcff.log") as here:
        editor = await here.editor()
        here.kill_daemon()
        await editor.told("window/showMessage")
        (shown,) = shown_to(editor)
        assert f"{tmp_path}/st?.log" in shown["message"]


async def test_a_daemon_that_answers_with_an_error_is_not_taken_for_none(here: Desk) -> None:
    here.place.prepare()

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(b'{"jsonrpc":"2.0","id":0,"error":{"code":-32603,"message":"It broke."}}'))

    async with await asyncio.start_unix_server(refuse, here.place.socket):
        code, out, errors = await here.run("status")
    assert (code, out) == (1, "")
    assert errors.startswith("ploked: The daemon cannot answer: It broke. `ploked restart` puts another in its place")


# few files


async def editor_with(here: Desk, limit: str) -> RawDaemon:
    """Start an editor, and thereby a daemon, which may open as many files as the words of `ulimit` say."""
    command = ["sh", "-c", f'ulimit {limit} && exec "$0" -m ploked connect', sys.executable]
    here.editors.append(await RawDaemon.at(here.home, command))
    assert "result" in await here.editors[-1].initialize()
    await here.editors[-1].result("ploked/status", {})
    return here.editors[-1]


def limit_of(pid: int) -> str:
    """Return how many files a process may have open: the soft limit and the hard one."""
    (line,) = [line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if "open files" in line]
    return " ".join(line.split()[3:5])


async def test_the_daemon_asks_for_as_many_files_as_its_sessions_need(here: Desk) -> None:
    await editor_with(here, "-Sn 64")
    soft, hard = limit_of(here.pid()).split()
    assert int(soft) == min(int(hard), files.MOST_FILES)
    with crowd(here, 150, HELLO):
        assert len((await here.status())["sessions"]) == 151


@pytest.mark.parametrize("said", [b"", HELLO], ids=["silent", "sessions"])
async def test_with_few_files_the_daemon_takes_fewer_and_goes_on_answering(here: Desk, said: bytes) -> None:
    good = await editor_with(here, "-n 64")
    with crowd(here, 110, said):
        assert len((await here.status())["sessions"]) == (12 if said else 1)
        late = await here.connect()
        answer = await late.initialize()
        assert ("serves 12 clients already" in answer["error"]["message"]) if said else ("result" in answer)
        for method in ("ploked/status", "ploked/refreshCatalog"):
            assert "result" in await good.ask(method, {})
    log = Path(here.place.log).read_text()
    assert log.count("no more files can be opened") <= 1
    assert "Traceback" not in log


# files that cannot be kept

INSIDE_A_FILE = "/dev/null/x"
"""A folder that cannot be made, whoever asks for it."""


async def told_once(editor: RawDaemon) -> str:
    """Return the one warning that an editor is shown."""
    await editor.told("window/showMessage")
    await editor.result("ploked/status", {})
    (shown,) = shown_to(editor)
    assert shown["type"] == 2
    return str(shown["message"])


def shown_to(editor: RawDaemon) -> list[Any]:
    return [message["params"] for message in editor.got if message.get("method") == "window/showMessage"]


@pytest.mark.parametrize("path", [f"{INSIDE_A_FILE}/log", "/dev"])
async def test_a_log_that_cannot_be_written_is_told(tmp_path: Path, path: str) -> None:
    async with desk(tmp_path, PLOKED_LOG=path) as here:
        said = await told_once(await here.editor())
        assert said.startswith(
            "ploked works, but does not keep all that it should. PLOKED_LOG cannot be written: [Errno"
        )
        (trouble,) = (await here.status())["troubles"]
        assert trouble in said
        assert f"\n  trouble   {trouble}\n" in (await here.run("status"))[1]


async def test_a_cache_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path, PLOKED_CACHE_DIR=INSIDE_A_FILE, PLOKED_LOG=str(tmp_path / "log")) as here:
        for editor in [await here.editor(), await here.editor()]:
            said = await told_once(editor)
            assert f"{INSIDE_A_FILE}/picks.db cannot be used ([Errno" in said
            assert "What you pick is kept until ploked ends" in said
        assert [each.split()[0].rpartition("/")[0] for each in (await here.status())["troubles"]] == [INSIDE_A_FILE] * 2


async def test_a_favourite_that_cannot_be_kept_any_more_is_told(here: Desk) -> None:
    editor = await here.editor()
    for favourite in (True, False, True):
        await editor.result("ploked/setFavourite", {"model": KIMI, "favourite": favourite})
        if favourite:
            resource.prlimit(here.pid(), resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    said = await told_once(editor)
    assert "picks.db cannot be used (" in said
    assert "What you pick is kept until ploked ends" in said


async def test_an_editor_that_is_served_alone_is_told_too(tmp_path: Path) -> None:
    async with desk(tmp_path, PLOKED_CACHE_DIR=INSIDE_A_FILE) as here:
        editor = await here.connect("serve", "--stdio")
        await editor.initialize()
        assert "What you pick is kept until ploked ends" in await told_once(editor)


async def test_where_all_can_be_kept_nothing_is_told(here: Desk) -> None:
    editor = await here.editor()
    await editor.result("ploked/status", {})
    assert (await here.status())["troubles"] == []
    assert shown_to(editor) == []


# folders that are made


@pytest.mark.parametrize("command", ["connect", "serve --stdio"])
async def test_folders_that_are_made_are_private_whatever_the_umask(tmp_path: Path, command: str) -> None:
    kept = {"PLOKED_CACHE_DIR": "", "PLOKED_CONFIG": "", "XDG_RUNTIME_DIR": "relative"}
    async with desk(tmp_path / "home", **kept) as here:
        here.home.folder.mkdir()
        here.editors.append(
            await RawDaemon.at(here.home, ["sh", "-c", f'umask 0 && exec "$0" -m ploked {command}', sys.executable])
        )
        editor = here.editors[-1]
        await editor.initialize()
        assert "result" in await editor.ask("ploked/saveProfile", PROFILE)
        made = [folder for folder in here.home.folder.rglob("*") if folder.is_dir()]
        assert {str(folder.relative_to(here.home.folder)) for folder in made} >= {".cache/ploked", ".config/ploke"}
        assert {folder.stat().st_mode & 0o777 for folder in made} == {0o700}


async def test_a_runtime_folder_that_was_removed_is_made_anew_as_it_was(here: Desk) -> None:
    editor = await here.editor()
    runtime = Path(here.home.environ["XDG_RUNTIME_DIR"])
    here.kill_daemon()
    shutil.rmtree(runtime)
    await editor.told("window/showMessage")
    assert "result" in await editor.ask("ploked/status", {})
    assert runtime.stat().st_mode & 0o777 == 0o700


# homes


def test_who_has_no_home_has_one_in_which_nothing_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert find.home() == paths.NO_HOME
    with pytest.raises(NotADirectoryError):
        paths.make_private(paths.cache_dir({}, find.home()))


NO_FILES_OF_ITS_OWN = {"HOME": "~", "PLOKED_CACHE_DIR": "", "PLOKED_CONFIG": ""}
"""A home that leads nowhere stands for none: nobody can be taken off the list of users here."""


@pytest.mark.parametrize("command", ["connect", "serve --stdio"])
async def test_who_has_no_home_is_served_without_files_and_told(tmp_path: Path, command: str) -> None:
    async with desk(tmp_path, **NO_FILES_OF_ITS_OWN) as here:
        here.home.folder = Path(paths.NO_HOME)
        editor = await here.connect(*command.split())
        assert "result" in await editor.initialize()
        assert (await editor.result("ploked/searchModels", {"query": "kimi"}))["total"] > 0
        assert "error" in await editor.ask("ploked/saveProfile", PROFILE)
        assert "cannot be used" in await told_once(editor)
        if command == "connect":
            assert "No home folder is known" in (await here.run("status"))[2]
            assert await here.alone()
    assert not list(tmp_path.iterdir())


async def test_a_relative_home_is_that_of_the_folder_the_editor_started_in(tmp_path: Path) -> None:
    kept = {"HOME": "own", "PLOKED_CACHE_DIR": "", "PLOKED_CONFIG": ""}
    async with desk(tmp_path, **kept) as here:
        here.home.folder = tmp_path / "own"
        editor = await RawDaemon.at(
            here.home, ["sh", "-c", f'cd {tmp_path} && exec "$0" -m ploked connect', sys.executable]
        )
        here.editors.append(editor)
        await editor.initialize()
        status = await editor.result("ploked/status", {})
        assert status["config"]["path"] == str(tmp_path / "own/.config/ploke/config.toml")
        assert status["pid"] == await here.alone()
        assert (tmp_path / "own/.cache/ploked").is_dir()
        assert Path(here.place.log).is_file()


@pytest.mark.parametrize("home", ["~", INSIDE_A_FILE])
async def test_without_any_folder_each_editor_is_served_alone(tmp_path: Path, home: str) -> None:
    async with desk(tmp_path, **{**NO_FILES_OF_ITS_OWN, "HOME": home, "XDG_RUNTIME_DIR": "relative"}) as here:
        editor = await here.connect()
        assert "result" in await editor.initialize()
        assert (await editor.result("ploked/searchModels", {"query": "kimi"}))["total"] > 0
        shown = [params["message"] for params in shown_to(editor)]
        assert any("The folder of the socket cannot be made: [Errno 20] Not a directory" in each for each in shown)
