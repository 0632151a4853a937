"""config.toml is seen to change however it is saved, and the preferences in force follow it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from ploked.preferences import bell
from ploked.preferences.disk import Reading, read_settled
from ploked.preferences.edit import save_profile, set_default_profile
from ploked.preferences.live import LivePreferences
from ploked.preferences.watch import ATTENTIVE_S, IDLE_STEP_MS, STEP_MS, Attention, watch
from ploked_protocol.errors import ConfigNotEditable
from ploked_protocol.preferences import LLMParameters, ModelProfile, RegistryPrefs
from watchfiles._rust_notify import RustNotify

DEADLINE_S = 30
"""Far more than is needed: a test that waits so long has failed."""


def config(name: str) -> str:
    return f'version = 1\n[registry]\nglobal_default_profile = "{name}"\n'


def rename_over(path: Path, text: str) -> None:
    beside = path.with_name(".saving")
    beside.write_text(text)
    beside.replace(path)


def delete_and_create(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def swap_link(path: Path, text: str) -> None:
    target = path.with_name(f"version-{abs(hash(text))}")
    target.mkdir()
    (target / "config.toml").write_text(text)
    link = path.with_name(".link")
    link.symlink_to(target / "config.toml")
    link.replace(path)


def write_in_place(path: Path, text: str) -> None:
    path.write_text(text)


WAYS_TO_SAVE = [write_in_place, rename_over, delete_and_create, swap_link]


class Seen:
    """What a watch has yielded."""

    def __init__(self) -> None:
        self._readings: asyncio.Queue[Reading] = asyncio.Queue()
        self._last: Reading | None = None

    async def follow(self, path: Path, stop: asyncio.Event, attention: Attention | None = None) -> None:
        async for reading in watch(path, stop, lambda: self._last, attention):
            self._last = reading
            self._readings.put_nowait(reading)

    async def next(self) -> str | None:
        """Return the text of the next change."""
        return (await asyncio.wait_for(self._readings.get(), DEADLINE_S)).text


@asynccontextmanager
async def watching(path: Path, attention: Attention | None = None) -> AsyncIterator[Seen]:
    """Watch `path`; what it holds now is the first thing seen, so that the watch stands once that has come."""
    seen, stop = Seen(), asyncio.Event()
    task = asyncio.create_task(seen.follow(path, stop, attention))
    try:
        await seen.next()
        yield seen
    finally:
        stop.set()
        await asyncio.wait_for(task, DEADLINE_S)


# the watch


@pytest.fixture(autouse=True)
def events_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the heartbeat from seeing what the events should have told."""
    monkeypatch.setattr("ploked.preferences.watch.HEARTBEAT_MS", 3_600_000)


@pytest.mark.usefixtures("with_and_without_bell")
@pytest.mark.parametrize("save", WAYS_TO_SAVE)
async def test_every_way_to_save_is_seen_once(tmp_path: Path, save: Callable[[Path, str], None]) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    async with watching(path) as seen:
        for name in ("a", "b", "c"):
            save(path, config(name))
            assert await seen.next() == config(name)


async def test_what_does_not_change_the_text_is_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(config("a"))
    async with watching(path) as seen:
        path.write_text(config("a"))
        path.touch()
        rename_over(path, config("a"))
        (tmp_path / "other.toml").write_text(config("b"))
        path.write_text(config("c"))
        assert await seen.next() == config("c")


async def test_a_file_whose_folder_is_missing_is_seen_to_appear(tmp_path: Path) -> None:
    path = tmp_path / "far" / "away" / "config.toml"
    async with watching(path) as seen:
        path.parent.mkdir(parents=True)
        path.write_text(config("a"))
        assert await seen.next() == config("a")


async def test_a_folder_that_is_removed_and_made_again_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "ploke" / "config.toml"
    path.parent.mkdir()
    path.write_text(config("a"))
    async with watching(path) as seen:
        path.unlink()
        path.parent.rmdir()
        assert await seen.next() is None
        path.parent.mkdir()
        path.write_text(config("b"))
        assert await seen.next() == config("b")
        rename_over(path, config("c"))
        assert await seen.next() == config("c")


@pytest.mark.parametrize("save", [write_in_place, rename_over])
async def test_the_target_of_a_link_is_followed(tmp_path: Path, save: Callable[[Path, str], None]) -> None:
    target, path = tmp_path / "dotfiles" / "real.toml", tmp_path / "ploke" / "config.toml"
    for file in (target, path):
        file.parent.mkdir()
    target.write_text(config("a"))
    path.symlink_to("../dotfiles/real.toml")
    async with watching(path) as seen:
        save(target, config("b"))
        assert await seen.next() == config("b")


async def test_a_link_is_followed_to_another_target_far_away(tmp_path: Path) -> None:
    path = tmp_path / "home" / "config.toml"
    path.parent.mkdir()
    for name in ("one", "two"):
        target = tmp_path / name / "deep" / "down" / "config.toml"
        target.parent.mkdir(parents=True)
        target.write_text(config(name))
    path.symlink_to("../one/deep/down/config.toml")
    async with watching(path) as seen:
        (path.parent / "new").symlink_to("../two/deep/down/config.toml")
        (path.parent / "new").replace(path)
        assert await seen.next() == config("two")


async def test_a_folder_that_takes_the_place_of_another_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "ploke" / "config.toml"
    for name in ("ploke", "restored"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").write_text(config(name))
    async with watching(path) as seen:
        path.parent.rename(tmp_path / "backup")
        (tmp_path / "restored").rename(path.parent)
        assert await seen.next() == config("restored")
        path.write_text(config("a"))
        assert await seen.next() == config("a")


async def test_a_link_to_the_folder_is_followed_when_it_is_swapped(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").write_text(config(name))
    (tmp_path / "ploke").symlink_to("one")
    async with watching(tmp_path / "ploke" / "config.toml") as seen:
        (tmp_path / "new").symlink_to("two")
        (tmp_path / "new").replace(tmp_path / "ploke")
        assert await seen.next() == config("two")
        (tmp_path / "two" / "config.toml").write_text(config("b"))
        assert await seen.next() == config("b")


async def test_a_loop_of_links_is_an_unreadable_file_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.symlink_to("config.toml")
    async with watching(path) as seen:
        delete_and_create(path, config("a"))
        assert await seen.next() == config("a")


async def test_what_no_event_tells_of_is_seen_at_the_next_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ploked.preferences.watch.HEARTBEAT_MS", 50)
    grandparent = tmp_path / "home"
    path = grandparent / "config" / "ploke" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(config("a"))
    async with watching(path) as seen:
        grandparent.rename(tmp_path / "moved")  # two folders above those that are watched
        assert await seen.next() is None


async def test_without_events_the_file_is_looked_at_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    path = tmp_path / "config.toml"
    async with watching(path) as seen:
        path.write_text(config("a"))
        assert await seen.next() == config("a")


async def test_a_system_that_has_no_watches_left_is_looked_at_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_arguments: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchfiles._rust_notify.RustNotify", none_left)
    path = tmp_path / "config.toml"
    async with watching(path) as seen:
        path.write_text(config("a"))
        assert await seen.next() == config("a")


# where there is inotify


class Counted:
    """The system's watcher, which takes note of how often it is waited at."""

    waits: list[int]

    def __init__(self, *arguments: Any) -> None:
        self._real = RustNotify(*arguments)

    def watch(self, *arguments: Any) -> Any:
        self.waits.append(1)
        return self._real.watch(*arguments)

    def close(self) -> None:
        self._real.close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give one entry for each time that somebody looked for events."""
    if not bell.EXISTS:
        pytest.skip("there is no inotify here")
    monkeypatch.setattr("watchfiles._rust_notify.RustNotify", Counted)
    Counted.waits = []
    return Counted.waits


async def test_nobody_looks_for_events_while_nothing_happens(tmp_path: Path, waits: list[int]) -> None:
    path = tmp_path / "config.toml"
    async with watching(path) as seen:
        await asyncio.sleep(0.3)
        assert not waits
        path.write_text(config("a"))
        assert await seen.next() == config("a")
        assert waits


async def test_who_is_told_once_looks_no_further(tmp_path: Path, waits: list[int]) -> None:
    path = tmp_path / "config.toml"
    async with watching(path) as seen:
        (tmp_path / "other.toml").write_text("")
        await until(lambda: bool(waits))
        await asyncio.sleep(0.3)
        before = len(waits)
        await asyncio.sleep(0.3)
        assert len(waits) == before
        path.write_text(config("a"))
        assert await seen.next() == config("a")


@pytest.mark.parametrize("wanted", ["inotify_simple.INotify", "os.eventfd"])
async def test_where_the_system_gives_no_more_of_it_changes_are_seen_in_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[int], wanted: str
) -> None:
    def none_left(*_arguments: object, **_more: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(wanted, none_left)
    path = tmp_path / "config.toml"
    async with watching(path) as seen:
        await until(lambda: bool(waits))
        path.write_text(config("a"))
        assert await seen.next() == config("a")


async def test_what_the_watcher_does_not_tell_is_seen_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not bell.EXISTS:
        pytest.skip("there is no inotify here")
    monkeypatch.setattr(Counted, "watch", lambda *_: "timeout")
    monkeypatch.setattr("watchfiles._rust_notify.RustNotify", Counted)
    path = tmp_path / "config.toml"
    async with watching(path, Absence()) as seen:
        path.write_text(config("a"))
        assert await seen.next() == config("a")


# while nobody is at work


class Absence(Attention):
    """That of somebody who never comes."""

    def attend(self) -> None:
        """Nobody does."""

    @property
    def step_ms(self) -> int:
        return IDLE_STEP_MS


class Deaf:
    """A system's watcher that hears of nothing, and asks at each step whether it is to end."""

    steps: list[int]

    def __init__(self, *_arguments: object) -> None:
        pass

    def watch(self, _debounce_ms: int, step_ms: int, _timeout_ms: int, end: Any) -> str:
        self.steps.append(step_ms)
        while not end.is_set():
            time.sleep(0.001)
        return "stop"

    def close(self) -> None:
        pass


@pytest.fixture(params=["bell", "steps"])
def with_and_without_bell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test twice where there is a bell: with it, and as on systems that have none."""
    if request.param == "steps":
        monkeypatch.setattr(bell, "EXISTS", False)
    elif not bell.EXISTS:
        pytest.skip("there is no inotify here")


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let no event come through; give the steps of all waits."""
    monkeypatch.setattr(bell, "EXISTS", False)
    monkeypatch.setattr("watchfiles._rust_notify.RustNotify", Deaf)
    Deaf.steps = []
    return Deaf.steps


@pytest.mark.usefixtures("with_and_without_bell")
@pytest.mark.parametrize("save", WAYS_TO_SAVE)
async def test_every_way_to_save_is_seen_once_while_nobody_is_at_work(
    tmp_path: Path, save: Callable[[Path, str], None]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    async with watching(path, Absence()) as seen:
        for name in ("a", "b", "c"):
            save(path, config(name))
            assert await seen.next() == config(name)


@pytest.mark.parametrize("save", WAYS_TO_SAVE)
async def test_while_nobody_is_at_work_each_step_is_enough_to_see_a_change(
    tmp_path: Path, save: Callable[[Path, str], None], deaf: list[int]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    async with watching(path, Absence()) as seen:
        for name in ("a", "b"):
            save(path, config(name))
            assert await seen.next() == config(name)
    assert set(deaf) == {IDLE_STEP_MS}


async def test_who_comes_back_to_work_has_the_file_looked_at_often_from_the_next_step_on(
    tmp_path: Path, deaf: list[int]
) -> None:
    now_s = [0.0]
    attention = Attention(lambda: now_s[0])
    async with watching(tmp_path / "config.toml", attention):
        for at_s, step_ms in ((0.0, STEP_MS), (ATTENTIVE_S, IDLE_STEP_MS)):
            now_s[0] = at_s
            await until(lambda: deaf[-1:] == [step_ms])  # noqa: B023  # it is awaited at once
        attention.attend()
        await until(lambda: deaf[-1] == STEP_MS)


async def test_a_change_is_a_sign_of_work(tmp_path: Path, deaf: list[int]) -> None:
    now_s = [0.0]
    path = tmp_path / "config.toml"
    async with watching(path, Attention(lambda: now_s[0])) as seen:
        now_s[0] = ATTENTIVE_S
        await until(lambda: deaf[-1:] == [IDLE_STEP_MS])
        path.write_text(config("a"))
        await seen.next()
        await until(lambda: deaf[-1] == STEP_MS)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():
            await asyncio.sleep(0.001)


@pytest.mark.usefixtures("with_and_without_bell")
@pytest.mark.parametrize("end", ["stop", "cancel"])
async def test_the_watch_ends_at_once_and_leaves_no_thread(tmp_path: Path, end: str) -> None:
    before = threading.active_count()
    seen, stop = Seen(), asyncio.Event()
    task = asyncio.create_task(seen.follow(tmp_path / "config.toml", stop))
    await seen.next()
    if end == "stop":
        stop.set()
    else:
        task.cancel()
    await asyncio.wait([task], timeout=1)
    assert task.done()
    async with asyncio.timeout(DEADLINE_S):
        while any(thread.name.startswith("ploked-watch") for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
    assert threading.active_count() <= before + 1  # asyncio's own worker may stay


@pytest.mark.parametrize("between", ["", None], ids=["truncated", "deleted"])
def test_a_save_is_not_read_halfway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: str | None) -> None:
    path = tmp_path / "config.toml"
    if between is not None:
        path.write_text(between)
    naps = iter(range(100))

    def nap(_seconds: float) -> None:
        if next(naps) == 5:
            path.write_text(config("a"))

    monkeypatch.setattr(time, "sleep", nap)
    assert read_settled(path).text == config("a")


# the preferences in force


class Heard:
    """Listens to LivePreferences: whether each change was one of the preferences."""

    def __init__(self) -> None:
        self.changes: asyncio.Queue[bool] = asyncio.Queue()

    def __call__(self, changed: bool) -> None:
        self.changes.put_nowait(changed)

    async def next(self) -> bool:
        return await asyncio.wait_for(self.changes.get(), DEADLINE_S)


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[tuple[LivePreferences, Heard]]:
    heard = Heard()
    live = LivePreferences(path, on_change=heard)
    await live.reload()
    task = asyncio.create_task(live.run())
    try:
        yield live, heard
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=DEADLINE_S)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ploke" / "config.toml"


@pytest.fixture
def saved(path: Path) -> Path:
    path.parent.mkdir()
    path.write_text(config("a"))
    return path


async def test_without_a_file_defaults_apply_and_it_says_so(path: Path) -> None:
    live = LivePreferences(path)
    assert await live.reload() is False
    assert live.prefs == RegistryPrefs()
    status = live.status()
    assert (status.state, status.path) == ("absent", str(path))
    assert "defaults apply" in (status.message or "")


async def test_a_save_is_in_force_and_told(saved: Path) -> None:
    async with running(saved) as (live, heard):
        saved.write_text(config("b"))
        assert await heard.next() is True
        assert live.prefs.global_default_profile == "b"
        assert live.status().state == "loaded"


async def test_a_save_between_the_first_reading_and_the_watch_is_not_missed(saved: Path) -> None:
    heard = Heard()
    live = LivePreferences(saved, on_change=heard)
    await live.reload()
    saved.write_text(config("b"))
    task = asyncio.create_task(live.run())
    assert await heard.next() is True
    task.cancel()


async def test_a_comment_is_told_as_no_change_of_preferences(saved: Path) -> None:
    async with running(saved) as (live, heard):
        saved.write_text(config("a") + "# new\n")
        assert await heard.next() is False
        assert live.text == config("a") + "# new\n"


BROKEN = "version = 1\n[registry\n"


async def test_a_broken_file_keeps_the_last_good_preferences_until_it_is_mended(saved: Path) -> None:
    async with running(saved) as (live, heard):
        saved.write_text(BROKEN)
        assert await heard.next() is False
        status = live.status()
        assert (status.state, status.problems[0].line) == ("broken", 2)
        assert live.prefs.global_default_profile == "a"
        assert live.loaded is not None
        saved.write_text(config("b"))
        assert await heard.next() is True
        assert (live.status().state, live.prefs.global_default_profile) == ("loaded", "b")


async def test_a_file_that_is_deleted_gives_way_to_defaults(saved: Path) -> None:
    async with running(saved) as (live, heard):
        saved.unlink()
        assert await heard.next() is True
        assert live.prefs == RegistryPrefs()
        assert (live.status().state, live.loaded, live.text) == ("absent", None, None)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"# caf\xe9\n", "UTF-8"), (b"#" * ((1 << 20) + 1), "1,048,576 bytes")],
    ids=["latin-1", "huge"],
)
async def test_a_file_that_cannot_be_read_keeps_the_last_good_preferences(
    saved: Path, content: bytes, why: str
) -> None:
    async with running(saved) as (live, heard):
        saved.write_bytes(content)
        assert await heard.next() is False
        assert live.status().state == "unreadable"
        assert why in (live.status().message or "")
        assert live.prefs.global_default_profile == "a"


@pytest.mark.parametrize("kind", ["folder", "pipe"])
async def test_what_is_no_file_is_unreadable(path: Path, kind: str) -> None:
    path.parent.mkdir()
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    live = LivePreferences(path)
    await live.reload()
    assert live.status().state == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
async def test_a_file_without_permission_is_unreadable(saved: Path) -> None:
    saved.chmod(0)
    live = LivePreferences(saved)
    await live.reload()
    assert "denied" in (live.status().message or "")


async def test_a_listener_that_fails_does_not_end_the_watch(saved: Path) -> None:
    async with running(saved) as (live, heard):
        live.on_change = lambda _changed: 1 // 0  # type: ignore[assignment]  # it only has to fail
        saved.write_text(config("b"))
        async with asyncio.timeout(DEADLINE_S):
            while live.prefs.global_default_profile != "b":
                await asyncio.sleep(0.01)
        live.on_change = heard
        saved.write_text(config("c"))
        assert await heard.next() is True


async def test_a_byte_order_mark_is_no_part_of_the_text(saved: Path) -> None:
    saved.write_text("\ufeff" + config("b"))
    live = LivePreferences(saved)
    await live.reload()
    assert (live.text, live.prefs.global_default_profile) == (config("b"), "b")


# edits


async def test_an_edit_is_on_disk_and_in_force_when_it_returns(saved: Path) -> None:
    heard = Heard()
    live = LivePreferences(saved, on_change=heard)
    await live.reload()
    done = await live.edit(lambda text: set_default_profile(text, "b"))
    assert (done.changed, done.via, done.path) == (True, "disk", str(saved))
    assert saved.read_text() == config("b")
    assert live.prefs.global_default_profile == "b"
    assert await heard.next() is True


async def test_an_edit_that_changes_nothing_does_not_touch_the_file(saved: Path) -> None:
    before = saved.stat()
    done = await LivePreferences(saved).edit(lambda text: set_default_profile(text, "a"))
    after = saved.stat()  # reading it may have changed its time of access
    assert done.changed is False
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_the_first_edit_makes_the_file(path: Path) -> None:
    live = LivePreferences(path)
    await live.edit(lambda text: set_default_profile(text, "b"))
    assert path.read_text() == 'version = 1\n\n[registry]\nglobal_default_profile = "b"\n'


async def test_a_broken_file_is_not_edited(saved: Path) -> None:
    saved.write_text(BROKEN)
    with pytest.raises(ConfigNotEditable, match="Line 2, column"):
        await LivePreferences(saved).edit(lambda text: set_default_profile(text, "b"))
    assert saved.read_text() == BROKEN


async def test_a_save_in_an_editor_and_an_edit_at_the_same_time_are_both_kept(saved: Path) -> None:
    asked = []

    def change(text: str) -> str:
        asked.append(text)
        if len(asked) == 1:
            rename_over(saved, config("a") + "# from the editor\n")
        return set_default_profile(text, "b")

    await LivePreferences(saved).edit(change)
    assert saved.read_text() == config("b") + "# from the editor\n"
    assert len(asked) == 2


async def test_a_file_that_never_rests_is_given_up(saved: Path) -> None:
    def change(text: str) -> str:
        saved.write_text(text + "#")
        return set_default_profile(text, "b")

    with pytest.raises(ConfigNotEditable, match="keeps writing"):
        await LivePreferences(saved).edit(change)
    assert saved.read_text().startswith(config("a"))


async def test_two_hundred_edits_at_once_are_all_there(saved: Path) -> None:
    def saving(number: int) -> Callable[[str], str]:
        profile = ModelProfile(f"p{number}", LLMParameters(seed=number))
        return lambda text: save_profile(text, profile)

    async with running(saved) as (live, _):
        await asyncio.gather(*(live.edit(saving(number)) for number in range(200)))
        assert {profile.params.seed for profile in live.prefs.profiles} == set(range(200))
    after = LivePreferences(saved)
    await after.reload()
    assert after.prefs.profiles == live.prefs.profiles
