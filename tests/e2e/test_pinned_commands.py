"""The commands that scripts rely on, run as they are installed."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from e2e.places import KEY, KIMI, Home, RawDaemon, own_process
from ploked_fixtures.serve import upstream_process
from ploked_protocol.framing import FrameDecoder, frame

PLOKED = str(Path(sys.executable).with_name("ploked"))
DEMO_S = 20.0


def test_version_says_name_and_number() -> None:
    done = subprocess.run([PLOKED, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert re.fullmatch(r"ploked \d+\.\d+\.\d+\n", done.stdout)
    assert done.stderr == ""


def test_serve_wants_to_be_told_what_it_speaks_on() -> None:
    done = subprocess.run([PLOKED, "serve"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "--stdio" in done.stderr


async def test_serve_writes_nothing_but_frames_on_stdout(home: Home) -> None:
    home.write("version = 1\n[registry\n")  # a broken config, unknown names and a failed sweep all have much to say
    daemon = await RawDaemon.at(home, [PLOKED, "serve", "--stdio"])
    await daemon.initialize()
    await daemon.ask("ploked/searchModels", {"query": "kimi"})
    await daemon.ask("ploked/listEndpoints", {"model": "no/such-model"})
    await daemon.ask("ploked/setDefaultProfile", {"name": "nobody"})
    await daemon.ask("ploked/launchSweep", {"model": KIMI})
    await daemon.ask("textDocument/hover", {"textDocument": 5})
    await daemon.ask("no/suchMethod")
    await daemon.ask("shutdown")
    daemon.notify("exit")
    code, _ = await daemon.leave()
    assert code == 0
    assert b"".join(map(frame, FrameDecoder().feed(bytes(daemon.received)))) == bytes(daemon.received)


@own_process
async def test_the_log_goes_to_stderr_or_to_a_file(home: Home, tmp_path: Path) -> None:
    log = tmp_path / "ploked.log"
    home.more = {"PLOKED_LOG": str(log)}
    home.write("version = 1\n[registry\n")
    daemon = await RawDaemon.at(home)
    await daemon.initialize()
    await daemon.ask("ploked/refreshCatalog")
    daemon.raw(b"no frame at all\r\n\r\n")
    code, errors = await daemon.leave()
    assert (code, errors) == (1, "")
    assert "Cannot read on" in log.read_text() or "ends" in log.read_text()
    assert KEY not in log.read_text()


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[subprocess.CompletedProcess[str], float]]:
    """Give what two demos at once printed, and how long each took: without stdin, and on a terminal of 80 columns."""
    home = Home(tmp_path_factory.mktemp("demo"), "http://127.0.0.1:9/nowhere")
    terminal = {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "80"}  # rich takes it for one; a container may have none
    commands = [
        (["sh", "-c", 'exec "$0" demo <&-', PLOKED], home.environ),
        ([PLOKED, "demo"], {**home.environ, **terminal}),
    ]
    began = time.monotonic()
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
        for command, environ in commands
    ]
    done = []
    for process in running:
        out, err = process.communicate(timeout=60)
        took_s = time.monotonic() - began
        done.append((subprocess.CompletedProcess(process.args, process.returncode, out, err), took_s))
    return done


def test_the_demo_shows_the_main_job_in_time(
    demos: list[tuple[subprocess.CompletedProcess[str], float]],
) -> None:
    for done, took_s in demos:
        assert (done.returncode, done.stderr) == (0, "")
        assert took_s < DEMO_S
        steps = [
            "1. search",
            f"2. 12 endpoints of {KIMI}",
            "3. route",
            "4. the line",
            "5. sweep of 12",
            "6. the best row",
        ]
        assert [step for step in steps if step not in done.stdout] == []


def test_the_demo_shows_reasons_progress_and_the_saved_profile(
    demos: list[tuple[subprocess.CompletedProcess[str], float]],
) -> None:
    for done, _ in demos:
        assert "does not take seed (required_supported_params)" in done.stdout
        assert "novita is in banned_providers (novita)" in done.stdout
        assert "12/12 done" in done.stdout
        assert 'default_profile = "best"' in done.stdout
        assert "# the daemon keeps this comment" in done.stdout


def test_the_demo_can_be_read_on_a_narrow_terminal(
    demos: list[tuple[subprocess.CompletedProcess[str], float]],
) -> None:
    (wide, _), (narrow, _) = demos
    assert max(map(len, wide.stdout.splitlines())) <= 120
    assert max(map(len, narrow.stdout.splitlines())) <= 80
    whole = ["moonshotai/kimi-k2.7-code:batch", "temperature=0.2", "atlas-cloud/int4", "0.00074933 USD"]
    assert [word for word in whole if f" {word} " not in narrow.stdout] == []
    assert "seed = 1 } }]" in " ".join(narrow.stdout.split()), "the file that was saved is shown to its end"


def test_the_demo_shows_what_comes_back_as_it_is_and_says_why_its_sweep_was_stopped(tmp_path: Path) -> None:
    with upstream_process() as upstream:
        upstream.patch(KIMI, values={"name": "Kimi [/INST] [red]2.5"})
        upstream.faults.add("402", path="/chat")
        environ = Home(tmp_path, upstream.url).environ
        done = subprocess.run([PLOKED, "demo", "--live"], env=environ, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Kimi [/INST] [red]2.5" in done.stdout
    assert "The account behind the key has no credits left." in " ".join(done.stdout.split())
    assert "6. the best row" not in done.stdout
