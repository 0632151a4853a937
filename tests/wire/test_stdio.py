"""A real process on stdin and stdout: how it ends, what it writes where, and what it runs on."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ploked_protocol.framing import FrameDecoder, frame
from wire.conftest import Start
from wire.fake_service import SECRET
from wire.talk import COMMAND, TESTS, There

PROMPT_S = 20.0
"""The promise is one second, but the machine may be busy; what must not be waited for takes 60."""
HELLO = frame(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}')
STATUS = frame(b'{"jsonrpc":"2.0","id":2,"method":"ploked/status"}')
GOODBYE = frame(b'{"jsonrpc":"2.0","id":3,"method":"shutdown"}') + frame(b'{"jsonrpc":"2.0","method":"exit"}')


async def ended(server: There) -> tuple[int, str]:
    """Return exit code and stderr of a server that is to end promptly."""
    started = time.perf_counter()
    code, errors = await server.leave()
    assert time.perf_counter() - started < PROMPT_S
    return code, errors


async def test_exit_after_shutdown_is_0(server: There) -> None:
    await server.initialize()
    await server.ask("shutdown")
    server.notify("exit")
    assert await ended(server) == (0, "")


async def test_a_service_that_takes_long_to_close_is_not_waited_for_and_is_no_incident(start: Start) -> None:
    server = await start("--dawdling")
    await server.initialize()
    await server.ask("shutdown")
    server.notify("exit")
    assert await ended(server) == (0, "")


async def test_exit_without_shutdown_is_1(server: There) -> None:
    await server.initialize()
    server.notify("exit")
    assert (await ended(server))[0] == 1


async def test_the_end_of_stdin_ends_the_process(server: There) -> None:
    await server.initialize()
    server.request("ploked/listEndpoints", {"model": "stubborn"})
    server.end()
    assert (await ended(server))[0] == 1


async def test_the_end_of_stdin_after_shutdown_is_polite(server: There) -> None:
    await server.initialize()
    await server.ask("shutdown")
    server.end()
    assert (await ended(server))[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_the_process_while_stdin_stays_open(server: There, number: signal.Signals) -> None:
    await server.initialize()
    slow = server.request("ploked/listEndpoints", {"model": "forever"})
    server.request("ploked/listEndpoints", {"model": "stubborn"})
    await server.ask("ploked/status")
    server.process.send_signal(number)
    code, errors = await ended(server)
    assert (code, errors) == (0, "")
    assert (await server.answer(slow))["error"]["code"] == -32800


async def test_a_thread_that_hangs_does_not_keep_the_process(server: There) -> None:
    await server.initialize()
    server.request("workspace/executeCommand", {"command": "other.block"})
    await server.ask("ploked/status")
    server.end()
    assert (await ended(server))[0] == 1


async def test_the_death_of_the_editor_ends_the_process_while_stdin_stays_open(server: There) -> None:
    editor = await asyncio.create_subprocess_exec("sleep", "60")
    await server.initialize(processId=editor.pid)
    await server.ask("ploked/status")
    editor.kill()
    code, errors = await ended(server)
    assert code == 1
    assert f"the editor (process {editor.pid}) has ended" in errors
    await editor.wait()


async def test_an_editor_that_cannot_be_seen_from_here_is_not_missed(server: There) -> None:
    gone = await asyncio.create_subprocess_exec("true")
    await gone.wait()
    await server.initialize(processId=gone.pid)
    for _ in range(20):
        assert "result" in await server.ask("ploked/status")


def test_a_client_that_closes_stdout_ends_the_process() -> None:
    server = subprocess.Popen(COMMAND, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert server.stdin is not None
    assert server.stdout is not None
    with server.stdin, server.stdout:
        server.stdin.write(HELLO)
        server.stdout.readline()
        server.stdout.close()
        server.stdin.write(STATUS)
        assert server.wait(60) == 1


async def test_a_message_of_64_mb_is_refused_before_it_is_read(server: There) -> None:
    await server.initialize()
    server.raw(b"Content-Length: %d\r\n\r\n" % (64 << 20))
    assert "at most 8388608 are taken" in (await server.answer(None))["error"]["message"]
    assert (await ended(server))[0] == 1


async def test_headers_of_lenient_clients_are_taken(server: There) -> None:
    await server.initialize()
    body = b'{"jsonrpc":"2.0","id":%d,"method":"ploked/status"}'
    server.raw(b"content-length:49\n\n" + body % 5 + b"CONTENT-LENGTH: 49\r\nContent-Type: x\r\n\r\n" + body % 6)
    assert "result" in await server.answer(5)
    assert "result" in await server.answer(6)


async def test_what_is_printed_goes_to_stderr(start: Start) -> None:
    server = await start(env={"PYTHONUNBUFFERED": ""})
    await server.initialize()
    assert "result" in await server.ask("ploked/searchModels", {"query": "print"})
    server.end()
    errors = (await ended(server))[1]
    assert "a stray print" in errors
    assert "and one from below Python" in errors


async def test_a_stderr_that_nobody_reads_stops_nothing(server: There) -> None:
    await server.initialize()
    for at in range(600):  # each writes a traceback; the pipe holds 64 KiB
        server.request("ploked/searchModels", {"query": "secret"}, message_id=at)
    assert "result" in await server.ask("ploked/status")
    server.end()
    assert len((await ended(server))[1]) > 10_000


async def test_secrets_reach_neither_the_client_nor_the_log(start: Start) -> None:
    server = await start(env={"OPENROUTER_API_KEY": "plain-looking"})
    await server.initialize(initializationOptions={"apiKey": SECRET})
    answer = await server.ask("ploked/searchModels", {"query": "secret"})
    server.end()
    errors = (await ended(server))[1]
    assert answer["error"]["data"]["details"]["incident"] in errors
    assert "the key is ***" in errors
    assert SECRET not in errors + str(server.got)


async def test_the_log_can_go_to_a_file(start: Start, tmp_path: Path) -> None:
    server = await start(env={"PLOKED_LOG": str(tmp_path / "log")})
    await server.initialize()
    answer = await server.ask("ploked/searchModels", {"query": "exit"})
    server.end()
    assert (await ended(server))[1] == ""
    assert answer["error"]["data"]["details"]["incident"] in (tmp_path / "log").read_text()  # the server is gone


async def test_a_log_that_cannot_be_written_is_said_and_goes_to_stderr(start: Start, tmp_path: Path) -> None:
    server = await start(env={"PLOKED_LOG": str(tmp_path / "no such folder" / "log")})
    await server.initialize()
    answer = await server.ask("ploked/searchModels", {"query": "exit"})
    server.end()
    errors = (await ended(server))[1]
    assert "PLOKED_LOG cannot be written" in errors
    assert "PLOKED_LOG cannot be written" in answer["error"]["message"]
    assert "Its log says" not in answer["error"]["message"]
    assert answer["error"]["data"]["details"]["incident"] in errors


async def test_a_service_that_cannot_start_says_so_and_ends(start: Start) -> None:
    server = await start("--broken")
    await server.initialize()
    shown = await server.told("window/showMessage")
    assert shown["params"]["type"] == 1
    assert SECRET not in str(shown)
    code, errors = await ended(server)
    assert code == 1
    assert "no catalog for ***" in errors


async def test_the_last_answers_are_flushed(server: There) -> None:
    await server.initialize()
    for at in range(10):
        server.request("ploked/searchModels", {"query": "big"}, message_id=at)
    server.request("shutdown", message_id="bye")
    server.notify("exit")
    assert (await ended(server))[0] == 0
    assert [len(server.answers(at)) for at in range(10)] == [1] * 10
    assert server.answers("bye")


def test_memory_is_bounded_when_a_client_pipelines_and_does_not_read() -> None:
    ask = b'{"jsonrpc":"2.0","id":%d,"method":"ploked/searchModels","params":{"query":"big"}}'
    server = subprocess.Popen(COMMAND, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert server.stdin is not None
    assert server.stdout is not None
    with server.stdin, server.stdout:
        server.stdin.write(HELLO + b"".join(frame(ask % at) for at in range(2, 400)))  # 400 MB of answers
        server.stdout.read(1)
        deadline = time.monotonic() + 1.0
        peak_mb = max(iter(lambda: _rss_mb(server.pid) if time.monotonic() < deadline else None, None))
        server.kill()
        server.wait()
    assert 10 < peak_mb < 100


def _rss_mb(pid: int) -> float:
    time.sleep(0.02)
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_regular_files_do_as_well(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(HELLO + STATUS + GOODBYE)
    with (tmp_path / "in").open("rb") as given, (tmp_path / "out").open("wb") as taken:
        assert subprocess.run(COMMAND, cwd=TESTS, stdin=given, stdout=taken, timeout=60).returncode == 0
    assert len(list(FrameDecoder().feed((tmp_path / "out").read_bytes()))) == 3


def test_nothing_to_read_ends_the_process() -> None:
    assert subprocess.run(COMMAND, cwd=TESTS, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 1


@pytest.mark.parametrize(("closed", "which"), [("<&-", b"stdin"), (">&-", b"stdout")])
@pytest.mark.parametrize(
    "command", [COMMAND, [sys.executable, "-m", "ploked", "serve", "--stdio"]], ids=["bare", "cli"]
)
def test_a_closed_stream_is_an_error_in_words(command: list[str], closed: str, which: bytes) -> None:
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *command]
    with subprocess.Popen(shell, cwd=TESTS, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as ran:
        assert ran.wait(60) == 1
        assert ran.stderr is not None
        said = ran.stderr.read()
    assert said.startswith(b"ploked: an editor must hold stdin and stdout open")
    assert which + b" is closed" in said


def test_one_socket_for_both_directions_does_as_well() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = subprocess.Popen(COMMAND, cwd=TESTS, stdin=theirs.fileno(), stdout=theirs.fileno())
        theirs.close()
        ours.settimeout(10)
        decoder = FrameDecoder()
        for message in (HELLO, STATUS):
            ours.sendall(message)
            assert any(True for _ in _received(ours, decoder))
        ours.sendall(GOODBYE)
        assert server.wait(60) == 0


def _received(connection: socket.socket, decoder: FrameDecoder) -> list[bytes]:
    while not (bodies := list(decoder.feed(connection.recv(1 << 16)))):
        pass
    return bodies


def test_two_sockets_as_node_makes_them_do_as_well() -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    server = subprocess.Popen(COMMAND, cwd=TESTS, stdin=pairs[0][1].fileno(), stdout=pairs[1][1].fileno())
    for pair in pairs:
        pair[0].settimeout(10)
        pair[1].close()
    pairs[0][0].sendall(HELLO + STATUS + GOODBYE)
    data = b""
    while more := pairs[1][0].recv(1 << 16):
        data += more
    assert server.wait(60) == 0
    assert len(list(FrameDecoder().feed(data))) == 3
    for pair in pairs:
        pair[0].close()
