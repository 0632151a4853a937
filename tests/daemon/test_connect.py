"""What an editor starts: it finds the daemon or starts it, and ends when the editor does."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from daemon.desk import NOWHERE, Desk, desk
from e2e.places import Home, RawDaemon, eventually
from ploked.lifecycle import find, spawn
from ploked.lifecycle import place as places
from ploked.lifecycle.lock import Lock
from ploked.lifecycle.place import Place
from ploked_protocol.framing import FrameDecoder, frame

STARTERS, ROUNDS = 20, int(os.environ.get("PLOKED_RACES", "2"))
"""The promise is 50 rounds of 20 that start at once, every second one after a kill."""
PROMPT_S = 3.0
"""The promise is one second; the machine that runs the tests may be busy."""
HELLO = frame(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}')
GOODBYE = frame(b'{"jsonrpc":"2.0","id":2,"method":"shutdown"}') + frame(b'{"jsonrpc":"2.0","method":"exit"}')


async def pid_of(editor: RawDaemon) -> int:
    return int((await editor.result("ploked/status", {}))["pid"])


# one daemon


async def test_the_first_editor_starts_the_daemon_and_the_others_share_it(here: Desk) -> None:
    assert here.hello() is None
    editors = [await here.editor() for _ in range(3)]
    assert {await pid_of(editor) for editor in editors} == {await here.alone()}


@pytest.mark.timeout(60 + 20 * ROUNDS)
async def test_many_that_start_at_once_start_one(here: Desk) -> None:
    for round_ in range(ROUNDS):
        editors = await asyncio.gather(*(here.connect() for _ in range(STARTERS)))
        answers = await asyncio.gather(*(editor.initialize() for editor in editors))
        assert all("result" in answer for answer in answers)
        assert {await pid_of(editor) for editor in editors} == {await here.alone()}
        for editor in editors:
            editor.process.kill()
            await editor.leave()
        here.editors.clear()
        if round_ % 2:
            await here.run("stop")
        else:
            here.kill_daemon()
        await eventually(lambda: not here.processes())


async def test_the_daemon_belongs_to_nobody(here: Desk) -> None:
    editor = await here.editor()
    pid = here.pid()
    assert os.getsid(pid) not in (os.getsid(0), os.getsid(editor.process.pid))
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    assert int(status["PPid"]) not in (editor.process.pid, os.getpid())
    assert [str(Path(f"/proc/{pid}/fd/{fd}").readlink()) for fd in (0, 1, 2)] == ["/dev/null"] * 3
    assert Path(f"/proc/{pid}/cwd").resolve() == Path("/")


async def test_paths_are_those_of_the_folder_the_editor_started_in(tmp_path: Path) -> None:
    async with desk(tmp_path, PLOKED_CONFIG="own/config.toml", PLOKED_CACHE_DIR="own/cache") as here:
        (tmp_path / "own").mkdir()
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ploked", "connect", cwd=tmp_path, env=here.home.environ, stdin=pipe, stdout=pipe,
            stderr=pipe,
        )  # fmt: skip
        editor = RawDaemon(process)
        await editor.initialize()
        status = await editor.result("ploked/status", {})
        assert status["config"]["path"] == str(tmp_path / "own/config.toml")
        assert (tmp_path / "own/cache").is_dir()
        editor.end()
        await editor.leave()
        os.kill(status["pid"], signal.SIGKILL)


async def test_who_waits_long_for_an_answer_sleeps(here: Desk) -> None:
    editor = await here.editor()
    daemon = here.pid()
    os.kill(daemon, signal.SIGSTOP)
    message_id = editor.request("ploked/status", {})
    await asyncio.sleep(0.2)  # by then the request has been handed on
    before_s = processor_s(editor.process.pid)
    await asyncio.sleep(1)
    assert processor_s(editor.process.pid) - before_s < 0.1
    os.kill(daemon, signal.SIGCONT)
    assert "result" in await editor.answer(message_id)


def processor_s(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


# a place that is ours alone


async def test_folder_and_socket_are_private(here: Desk) -> None:
    await here.editor()
    assert Path(here.place.folder).stat().st_mode & 0o777 == 0o700
    assert Path(here.place.socket).stat().st_mode & 0o777 == 0o600
    assert Path(here.place.log).stat().st_mode & 0o777 == 0o600
    assert len(here.place.socket.encode()) <= 100


async def test_no_port_is_opened(here: Desk) -> None:
    await here.editor()
    pid = here.pid()
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            inodes.add(str(link.readlink()))
    listening = [
        line.split()[9]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    assert not inodes & {f"socket:[{inode}]" for inode in listening}


@pytest.mark.parametrize(
    ("make", "mend"),
    [
        (lambda folder: folder.mkdir(mode=0o755), "chmod 700 {}"),
        (lambda folder: folder.symlink_to("/tmp"), "rm {}"),
        (lambda folder: folder.write_text(""), "mv {0} {0}.old"),
        (lambda folder: folder.mkdir(mode=0o700), "sudo mv {0} {0}.old"),
    ],
    ids=["open", "link", "file", "foreign"],
)
async def test_a_folder_that_others_may_use_is_refused_and_the_editor_served_alone(
    here: Desk, make: object, mend: str
) -> None:
    folder = Path(here.place.folder)
    if os.geteuid() != 0 and "sudo" in mend:
        pytest.skip("only root can give a folder away")
    make(folder)  # type: ignore[operator]  # a lambda above
    if "chmod" in mend:
        folder.chmod(0o755)
    if "sudo" in mend:
        os.chown(folder, 65534, 65534)
    editor = await here.connect()
    assert "result" in await editor.initialize()
    message = (await editor.told("window/showMessage"))["params"]["message"]
    assert "alone" in message
    assert mend.format(folder) in message
    assert await pid_of(editor) == editor.process.pid
    await editor.ask("shutdown")
    editor.notify("exit")
    code, errors = await editor.leave()
    assert code == 0
    assert mend.format(folder) in errors
    assert (await here.run("status"))[2].strip().endswith(mend.format(folder))


@pytest.mark.parametrize("name", ["shared by many", "ploked", "ploked/run"])
async def test_nobody_is_told_to_change_a_folder_that_ploked_did_not_make(
    here: Desk, tmp_path: Path, name: str
) -> None:
    """Nor where it is called as ours are: that may be where ploked is installed."""
    theirs = tmp_path / "opt" / name
    theirs.mkdir(parents=True)
    theirs.chmod(0o777)
    path = str(theirs / "my.sock")
    asked = here.run("status", env={"PLOKED_SOCKET": path}), here.run("serve", "--socket", path)
    for _, _, errors in await asyncio.gather(*asked):
        assert f"{theirs} is open to others (mode 777)" in errors
        assert "name one in a folder of your own" in errors
        assert "chmod" not in errors


async def test_a_path_in_a_command_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    runtime = tmp_path / "my run"
    (runtime / "ploked").mkdir(parents=True)
    runtime.chmod(0o700)
    (runtime / "ploked").chmod(0o755)
    async with desk(tmp_path, XDG_RUNTIME_DIR=str(runtime)) as here:
        _, _, errors = await here.run("status")
        assert shlex.split(errors.strip().rpartition(": ")[2]) == ["chmod", "700", str(runtime / "ploked")]


async def test_who_keeps_keys_elsewhere_has_a_daemon_that_looks_there(here: Desk, tmp_path: Path) -> None:
    await here.editor()
    elsewhere = {"XDG_STATE_HOME": str(tmp_path / "elsewhere")}
    code, *said = await here.run("status", env=elsewhere)
    assert (code, "No daemon runs" in "".join(said)) == (1, True)


async def test_without_a_runtime_folder_of_ours_the_cache_has_one(tmp_path: Path) -> None:
    for unusable in ("/nonexistent", "relative", "/", "/tmp"):
        async with desk(tmp_path, XDG_RUNTIME_DIR=unusable) as here:
            expected = str(tmp_path / ".cache/ploked/run") if unusable != "/" or os.geteuid() else "/ploked"
            assert here.place.folder == expected
            said = (
                f"XDG_RUNTIME_DIR={unusable} is no folder that only you can write to" in (await here.run("status"))[2]
            )
            assert said == (expected != "/ploked")


async def test_who_starts_a_daemon_is_told_once_that_its_socket_is_elsewhere(tmp_path: Path) -> None:
    remark = "ploked: XDG_RUNTIME_DIR=relative is no folder that only you can write to"
    async with desk(tmp_path, XDG_RUNTIME_DIR="relative") as here:
        editor = await here.editor()
        await editor.ask("shutdown")
        editor.notify("exit")
        assert (await editor.leave())[1].count(remark) == 1
        taken = await here.run("serve", "--socket")  # by the daemon of that editor
        assert (taken[0], taken[2].count(remark)) == (1, 1)
        assert remark not in (await here.run("serve", "--socket", here.place.socket))[2]


async def test_who_has_no_runtime_variable_finds_the_daemon_of_those_who_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from cron: the folder that the variable would name is there all the same."""
    folder = tmp_path / str(os.getuid())
    monkeypatch.setattr(places, "RUN_USER", str(tmp_path))
    cache = Place.of({}, str(tmp_path)).folder
    folder.mkdir(mode=0o700)
    assert Place.of({}, str(tmp_path)).folder == str(folder / "ploked")
    assert Place.of({"XDG_RUNTIME_DIR": str(folder)}, str(tmp_path)).folder == str(folder / "ploked")
    folder.chmod(0o777)
    assert Place.of({}, str(tmp_path)).folder == cache == str(tmp_path / ".cache/ploked/run")


async def test_a_daemon_that_hangs_is_named_and_not_waited_for_longer_than_an_editor_would(here: Desk) -> None:
    await here.editor()
    pid = here.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        editor = await here.connect()
        assert "result" in await editor.initialize()
        message = (await editor.told("window/showMessage"))["params"]["message"]
        assert "does not answer within 8 s. `ploked stop --now` ends it" in message
        assert await pid_of(editor) == editor.process.pid
    finally:
        os.kill(pid, signal.SIGCONT)
    editor.end()
    _, errors = await editor.leave()
    waiting, given_up = errors.index(f"The daemon (process {pid}) has not answered"), errors.index("within 8 s")
    assert waiting < given_up
    assert errors.count("has not answered") == 1


async def test_a_daemon_that_is_only_starting_is_waited_for_longer(here: Desk) -> None:
    await here.editor()
    pid, turn = here.pid(), Lock(here.place.start)
    assert turn.take()  # as whoever starts a daemon holds it until that answers
    os.kill(pid, signal.SIGSTOP)
    editor = await here.connect()
    await asyncio.sleep(find.HELLO_S + 1.5)
    os.kill(pid, signal.SIGCONT)
    turn.release()
    await editor.initialize()
    assert await pid_of(editor) == pid


def test_a_daemon_with_more_callers_than_it_takes_is_waited_for_no_longer(tmp_path: Path) -> None:
    place = Place.of(Home(tmp_path, NOWHERE).environ | {"PLOKED_SOCKET": str(tmp_path / "s")}, str(tmp_path))
    tmp_path.chmod(0o700)
    with socket.socket(socket.AF_UNIX) as hung, socket.socket(socket.AF_UNIX) as first:
        hung.bind(place.socket)
        hung.listen(0)
        first.connect(place.socket)  # all that may wait in line
        with pytest.raises(find.CannotStartError, match=r"does not answer within 0\.2 s"):
            find.greet(place, patience_s=0.2)


async def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir(mode=0o700)
    async with desk(tmp_path, XDG_RUNTIME_DIR=str(long)) as here:
        code, _, errors = await here.run("restart")
        assert code == 1
        assert "Set XDG_RUNTIME_DIR to a folder of yours with a shorter path" in errors


# what is left of a daemon that was killed


async def test_a_stale_socket_is_replaced(here: Desk) -> None:
    here.place.prepare()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(here.place.socket)
    editor = await here.editor()
    assert await pid_of(editor) == await here.alone()


async def test_a_daemon_that_cannot_take_its_place_says_why_and_the_editor_is_served_alone(here: Desk) -> None:
    here.place.prepare()
    lock = Lock(here.place.lock)
    assert lock.take()
    editor = await here.editor()
    message = (await editor.told("window/showMessage"))["params"]["message"]
    lock.release()
    assert "The daemon could not start: ploked: Another daemon holds" in message
    assert await pid_of(editor) == editor.process.pid


@pytest.mark.parametrize("gone", ["socket", "lock"])
async def test_a_daemon_whose_files_are_replaced_gives_way(here: Desk, gone: str) -> None:
    editor = await here.editor()
    before = await pid_of(editor)
    path = Path(getattr(here.place, gone))
    path.rename(path.with_suffix(".old"))
    path.touch(0o600)
    await editor.told("window/showMessage")
    now = await pid_of(editor)
    assert now == await here.alone() != before


# coming and going


async def test_an_idle_daemon_leaves_and_one_in_use_does_not(tmp_path: Path) -> None:
    async with desk(tmp_path, PLOKED_IDLE_S="0.5") as here:
        editor = await here.editor()
        pid = here.pid()
        await asyncio.sleep(1.5)
        assert await pid_of(editor) == pid
        assert (await here.status())["idleExitInS"] is None
        editor.end()
        await editor.leave()
        await eventually(lambda: not here.processes())
        assert not Path(here.place.socket).exists()


async def test_a_daemon_that_may_not_be_idle_waits_for_its_first_client(tmp_path: Path) -> None:
    async with desk(tmp_path, PLOKED_IDLE_S="0") as here:
        editor = await here.editor()
        assert await pid_of(editor) == await here.alone()
        editor.end()
        _, errors = await editor.leave()
        assert errors == ""
        await eventually(lambda: not here.processes())


@pytest.mark.parametrize(
    ("last_words", "expected"), [(["shutdown", "exit"], 0), (["exit"], 1), ([], 1), (["shutdown"], 0)]
)
async def test_exit_codes_are_those_of_lsp(here: Desk, last_words: list[str], expected: int) -> None:
    editor = await here.editor()
    if "shutdown" in last_words:
        assert (await editor.ask("shutdown"))["result"] is None
    if "exit" in last_words:
        editor.notify("exit")
    else:
        editor.end()
    began = time.monotonic()
    assert (await editor.leave())[0] == expected
    assert time.monotonic() - began < PROMPT_S
    assert len(here.processes()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_the_proxy_and_not_the_daemon(here: Desk, number: signal.Signals) -> None:
    await here.editor()  # who has to wait long for a daemon to start is told so on stderr
    editor = await here.editor()
    pid = here.pid()
    editor.process.send_signal(number)
    assert await editor.leave() == (0, "")
    assert await here.alone() == pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_daemon_promptly(here: Desk, number: signal.Signals) -> None:
    await here.editor()
    os.kill(here.pid(), number)
    began = time.monotonic()
    await eventually(lambda: not here.processes())
    assert time.monotonic() - began < PROMPT_S + 1


async def test_all_answers_reach_a_client_that_says_everything_at_once(here: Desk) -> None:
    await here.editor()
    ask = b'{"jsonrpc":"2.0","id":%d,"method":"ploked/searchModels","params":{}}'
    everything = HELLO + b"".join(frame(ask % at) for at in range(10, 30)) + GOODBYE
    command = [sys.executable, "-m", "ploked", "connect"]
    ran = await asyncio.to_thread(
        subprocess.run, command, input=everything, env=here.home.environ, capture_output=True, timeout=30
    )
    assert ran.returncode == 0
    assert len(list(FrameDecoder(1 << 30).feed(ran.stdout))) == 22


async def test_a_stream_that_cannot_be_read_on_ends_with_one_error(here: Desk) -> None:
    editor = await here.editor()
    editor.raw(b"garbage\r\n\r\n")
    assert (await editor.leave())[0] == 1
    assert [message["error"]["code"] for message in editor.answers(None)] == [-32700]


def test_a_client_that_does_not_read_is_not_read_from(tmp_path: Path) -> None:
    home = Home(tmp_path, NOWHERE, through_daemon=True)
    ask = frame(b'{"jsonrpc":"2.0","id":9,"method":"ploked/searchModels","params":{}}')
    pipe = subprocess.PIPE
    with subprocess.Popen(home.command, env=home.environ, stdin=pipe, stdout=pipe, bufsize=0) as editor:
        assert editor.stdin is not None
        assert editor.stdout is not None
        editor.stdin.write(HELLO)
        editor.stdout.read(1)
        os.set_blocking(editor.stdin.fileno(), False)
        written = _write_until_full(editor.stdin.fileno(), ask * 50_000)
        pages = int(Path(f"/proc/{editor.pid}/statm").read_text().split()[1])
        editor.kill()
    assert written < 1 << 22  # each 90 bytes would be answered with 90 kB
    assert pages * os.sysconf("SC_PAGE_SIZE") < 64 << 20


def _write_until_full(fd: int, data: bytes) -> int:
    """Return how many bytes were taken before nobody took any for two seconds."""
    written, idle = 0, 0
    while idle < 100 and written < len(data):
        try:
            written += os.write(fd, data[written : written + 65536])
            idle = 0
        except BlockingIOError:
            idle += 1
            time.sleep(0.02)
    return written


AS_ON_MACOS = "import os; del os.pidfd_open; from ploked.cli import main; main(['connect'])"
PARENT = """
import os, subprocess, sys, time
editor = subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=0, stdout=1)
print(editor.pid, file=sys.stderr, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("command", [["-m", "ploked", "connect"], ["-c", AS_ON_MACOS]], ids=["told", "looking"])
async def test_the_death_of_the_editor_ends_the_proxy_while_stdin_stays_open(here: Desk, command: list[str]) -> None:
    pipe = asyncio.subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, *command, env=here.home.environ, stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    assert parent.stderr is not None
    pid = int(await parent.stderr.readline())
    parent.stdin.write(HELLO)
    await parent.stdout.readline()
    parent.kill()
    began = time.monotonic()
    await eventually(lambda: not running(pid))
    assert time.monotonic() - began < PROMPT_S
    parent.stdin.close()
    await parent.wait()


def running(pid: int) -> bool:
    """Return whether a process runs; one that nobody reaps does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_nothing_that_is_slow_to_import_is_imported_to_connect() -> None:
    code = "import sys; from ploked.cli import connect; from ploked.lifecycle import proxy; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {
        "asyncio", "argparse", "pathlib", "typing", "dataclasses", "inspect", "subprocess", "threading", "logging",
        "hashlib", "msgspec", "pygls", "lsprotocol", "cattrs",
    }  # fmt: skip
    assert "ploked.lifecycle.proxy" in ran.stdout.split()
    assert set(ran.stdout.split()) & slow == set()


async def test_the_process_that_initialize_names_is_watched_too(here: Desk) -> None:
    real = await asyncio.create_subprocess_exec("sleep", "60")
    editor = await here.connect()
    await editor.initialize(processId=real.pid)
    real.kill()
    await editor.leave()
    await real.wait()


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_stream_is_an_error_in_words(closed: str) -> None:
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "ploked", "connect"]
    ran = subprocess.run(command, capture_output=True, timeout=10, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith(b"ploked: an editor must hold stdin and stdout open")


# versions

NEWER = """
import sys
from ploked.lifecycle import find, proxy
find.PROTOCOL_VERSION, find.__version__ = sys.argv[1:]
proxy.__version__ = sys.argv[2]
from ploked.cli import main
sys.exit(main(["connect"]))
"""


async def speaks(here: Desk, protocol: str, version: str = "9.9") -> RawDaemon:
    """Start an editor whose ploked is of another version."""
    pipe = asyncio.subprocess.PIPE
    environ = {**here.home.environ, "PLOKED_SOCKET": here.place.socket}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NEWER, protocol, version, env=environ, stdin=pipe, stdout=pipe, stderr=pipe
    )
    editor = RawDaemon(process)
    here.editors.append(editor)
    return editor


async def test_an_older_client_is_served_by_a_newer_daemon_which_is_said(here: Desk) -> None:
    await here.editor()
    pid = here.pid()
    older = await speaks(here, "0.0", "0.0.1")
    await older.initialize()
    assert await pid_of(older) == pid
    older.end()
    assert "ploked restart" in (await older.leave())[1]


async def test_an_older_daemon_gives_its_place_to_a_newer_one_and_goes_on_with_what_it_has(here: Desk) -> None:
    editor = await here.editor()
    old = here.pid()
    newer = await speaks(here, "0.2")
    asked = asyncio.create_task(newer.initialize())
    await eventually(lambda: len(here.processes()) == 2)
    assert await pid_of(editor) == old
    editor.end()
    await editor.leave()
    await eventually(lambda: old not in here.processes())
    newer.process.kill()  # the new one is of this version in truth, and would be replaced for ever
    _, errors = await newer.leave()
    asked.cancel()
    assert f"The daemon (process {old}, ploked 0.1.0) speaks protocol 0.1 and is asked for 0.2" in errors


def test_what_is_spawned_gets_absolute_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert spawn._absolute({"PLOKED_CONFIG": "a/b", "OTHER": "a"}) == {
        "PLOKED_CONFIG": str(tmp_path / "a/b"), "OTHER": "a",
    }  # fmt: skip
