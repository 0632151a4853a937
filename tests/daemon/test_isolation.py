"""What one session keeps busy or waiting, no other waits for."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fake_keyring
from daemon.desk import Desk, desk
from e2e.places import KIMI, RawDaemon
from e2e.sweeping import HEAT

PROFILE = {"name": "q", "params": {"seed": 1}}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock that edits of a file in `folder` take, as another process may."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


async def favours(editor: RawDaemon) -> bool:
    """Return whether a favourite was kept."""
    return "result" in await editor.ask("ploked/setFavourite", {"model": KIMI, "favourite": True})


def answered(editor: RawDaemon, ids: list[Any]) -> int:
    """Return how many of these requests have been answered."""
    return sum(bool(editor.answers(one)) for one in ids)


async def test_a_new_session_does_not_wait_for_edits_that_wait(here: Desk) -> None:
    here.home.write("version = 1\n")
    waiting = await here.editor()
    await waiting.result("ploked/status")
    with locked(here.home.config.parent):
        edits = [waiting.request("ploked/saveProfile", {"name": f"p{n}", "params": {"seed": n}}) for n in range(10)]
        late = await here.editor()
        assert "result" in await late.ask("ploked/searchModels", {"query": "kimi"})
        assert answered(waiting, edits) <= 1
    for one in edits:
        await waiting.answer(one)


async def test_a_session_that_has_much_thought_out_keeps_no_other_waiting(here: Desk) -> None:
    here.home.write("version = 1\n")
    busy, other = await here.editor(), await here.editor()
    found = await busy.result("ploked/searchModels", {"query": "", "limit": 450})
    text = "version = 1\n[registry]\n" + 4 * "".join(
        f'[[registry.models]]\nmodel = "{row["id"]}"\nbanned_providers = ["novita"]\n' for row in found["rows"]
    )
    flood = [busy.request("ploked/preferencesDiff", {"configText": text}) for _ in range(60)]
    await busy.answer(flood[0])
    assert await favours(other)
    here.home.write('version = 1\n[registry]\nglobal_default_profile = "calm"\n')
    await other.told("ploked/preferencesChanged")
    assert "result" in await other.ask("ploked/preferencesDiff", {"configText": "version = 1\n"})
    assert "result" in await (await here.editor()).ask("ploked/status")
    assert answered(busy, flood) < len(flood) / 2
    busy.process.kill()


async def test_sweeps_that_wait_for_a_keyring_keep_nobody_else_waiting(tmp_path: Path) -> None:
    more = {"PYTHONPATH": str(fake_keyring.install(tmp_path)), fake_keyring.HELD: "hang", "OPENROUTER_API_KEY": ""}
    async with desk(tmp_path, **more) as here:
        waiting, other = await here.editor(), await here.editor()
        sweep = {"model": KIMI, "prompt": "x", "selectedEndpoints": ["deepinfra/fp4"], "grid": [HEAT]}
        launches = [waiting.request("ploked/launchSweep", sweep) for _ in range(20)]
        assert "result" in await other.ask("ploked/status")
        for editor in (other, waiting):
            assert await favours(editor)
            assert "result" in await editor.ask("ploked/saveProfile", PROFILE)
        assert answered(waiting, launches) == 0
