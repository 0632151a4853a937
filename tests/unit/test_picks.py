"""What the user picks and likes: how it counts, how it is kept, and what it does to the order."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from ploked.search.index import SearchIndex
from ploked.search.picks import HALF_LIFE_S, LEAST_WEIGHT, Picks
from ploked.store.picks import PicksFile
from ploked_protocol.catalog import ModelRecord
from ploked_protocol.queries import SearchRow
from ploked_protocol.wire import decode
from records import NOW_S

DAY_S = 86_400


def index_of(*ids: str) -> SearchIndex:
    index = SearchIndex()
    index.update([ModelRecord(id=id_, name=id_, source="s") for id_ in ids], lambda _: None)
    return index


class TestWeight:
    def test_a_pick_loses_half_of_its_weight_in_each_half_life(self) -> None:
        pick = Picks().record("a/x", "", NOW_S)
        weights = [pick.decayed(NOW_S + n * HALF_LIFE_S) for n in range(4)]
        assert weights == pytest.approx([1, 0.5, 0.25, 0.125])

    def test_picks_add_up_from_what_is_left_of_the_earlier_ones(self) -> None:
        picks = Picks()
        picks.record("a/x", "", NOW_S)
        assert picks.record("a/x", "", NOW_S + HALF_LIFE_S).weight == pytest.approx(1.5)

    def test_a_clock_that_was_put_back_changes_nothing(self) -> None:
        picks = Picks()
        picks.record("a/x", "", NOW_S)
        assert picks.record("a/x", "", NOW_S - DAY_S).decayed(NOW_S) == pytest.approx(2)

    def test_what_was_picked_lately_overtakes_what_was_picked_often_long_ago(self) -> None:
        picks = Picks()
        for _ in range(3):
            picks.record("a/old", "", NOW_S)
        picks.record("a/new", "", NOW_S + DAY_S)
        assert picks.in_order() == ["a/old", "a/new"]
        picks.record("a/new", "", NOW_S + 2 * HALF_LIFE_S)
        assert picks.in_order() == ["a/new", "a/old"]

    def test_picks_of_endpoints_count_for_their_model(self) -> None:
        picks = Picks()
        picks.record("a/x", "novita/fp8", NOW_S)
        picks.record("a/x", "groq", NOW_S)
        picks.record("a/y", "", NOW_S)
        assert (picks.in_order(), picks.recent()) == (["a/x", "a/y"], ["a/x", "a/y"])

    def test_recent_ones_are_listed_last_first(self) -> None:
        picks = Picks()
        for day, model in enumerate(["a/x", "a/y", "a/x", "a/z"]):
            picks.record(model, "", NOW_S + day)
        assert picks.recent() == ["a/z", "a/x", "a/y"]


class TestOrder:
    IDS = ("a/corn-1", "a/corn-2", "a/corn-3", "a/cornflake")

    def test_what_is_picked_leads_among_equals(self) -> None:
        index = index_of(*self.IDS)
        index.picks.record("a/corn-3", "", NOW_S)
        assert index.search("corn").ids == ["a/corn-3", "a/corn-1", "a/corn-2", "a/cornflake"]

    def test_it_does_not_lead_over_what_fits_better(self) -> None:
        index = index_of(*self.IDS)
        index.picks.record("a/cornflake", "", NOW_S)
        index.picks.set_favourite("a/cornflake", True)
        assert index.search("corn").ids == list(self.IDS)

    def test_favourites_lead_over_what_is_picked(self) -> None:
        index = index_of(*self.IDS)
        index.picks.record("a/corn-3", "", NOW_S)
        index.picks.set_favourite("a/corn-2", True)
        assert index.search("corn", 2).ids == ["a/corn-2", "a/corn-3"]

    def test_an_empty_query_lists_the_catalog_as_it_is(self) -> None:
        index = index_of(*self.IDS)
        index.picks.set_favourite("a/corn-3", True)
        assert index.search("").ids == list(self.IDS)

    def test_rows_say_which_are_favourites(self) -> None:
        index = index_of(*self.IDS)
        index.picks.set_favourite("a/corn-2", True)
        rows = [decode(bytes(row), SearchRow) for row in index.search("", highlight=True).rows]
        assert [row.favourite for row in rows] == [False, True, False, False]
        index.picks.set_favourite("a/corn-2", False)
        assert b"favourite" not in b"".join(map(bytes, index.search("").rows))

    def test_what_is_no_longer_listed_is_kept_and_finds_nothing(self) -> None:
        index = index_of(*self.IDS)
        index.picks.set_favourite("b/gone", True)
        index.picks.record("b/gone", "", NOW_S)
        assert index.search("corn").ids == list(self.IDS)
        assert (index.favourites, index.recent) == (frozenset({"b/gone"}), ["b/gone"])


class TestFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "state" / "picks.db"

    def test_a_new_file_holds_nothing(self, path: Path) -> None:
        assert PicksFile(path).load(NOW_S).in_order() == []

    def test_what_is_kept_is_there_again(self, path: Path) -> None:
        file = PicksFile(path)
        file.record("a/x", "", NOW_S)
        file.record("a/x", "novita/fp8", NOW_S)
        file.record("a/y", "", NOW_S)
        file.set_favourite("b/z", True, NOW_S)
        file.set_favourite("b/gone", True, NOW_S)
        file.set_favourite("b/gone", False, NOW_S)
        file.close()
        again = PicksFile(path).load(NOW_S)
        assert (list(again.favourites), again.in_order()) == (["b/z"], ["b/z", "a/x", "a/y"])

    def test_two_daemons_count_in_one_file(self, path: Path) -> None:
        one, other = PicksFile(path), PicksFile(path)
        one.record("a/x", "", NOW_S)
        other.record("a/x", "", NOW_S)
        one.record("a/x", "", NOW_S)
        assert other.load(NOW_S).record("a/x", "", NOW_S).weight == pytest.approx(4)

    def test_what_was_picked_too_long_ago_is_forgotten(self, path: Path) -> None:
        file = PicksFile(path)
        file.record("a/x", "", NOW_S)
        assert file.load(NOW_S + 5 * HALF_LIFE_S).recent() == ["a/x"]
        assert LEAST_WEIGHT > 2**-6
        assert file.load(NOW_S + 6 * HALF_LIFE_S).recent() == []

    @pytest.mark.parametrize("damage", [b"no database at all" * 300, b"\0" * 4096])
    def test_a_damaged_file_is_put_aside(self, path: Path, damage: bytes) -> None:
        path.parent.mkdir()
        path.write_bytes(damage)
        file = PicksFile(path)
        assert file.load(NOW_S).recent() == []
        file.record("a/x", "", NOW_S)
        assert file.load(NOW_S).recent() == ["a/x"]
        assert (path.parent / "picks.db.damaged-1").read_bytes() == damage

    def test_a_row_that_cannot_be_read_costs_itself(self, path: Path) -> None:
        file = PicksFile(path)
        file.record("a/x", "", NOW_S)
        file.close()
        with sqlite3.connect(path) as db:
            db.execute(
                "INSERT INTO picks VALUES ('a/infinite', '', 9e999, 1), ('a/none', '', NULL, 1), (NULL, '', 1, 1)"
            )
        db.close()
        assert file.load(NOW_S).recent() == ["a/x"]

    def test_a_place_that_cannot_be_written_costs_a_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "state").write_text("a file where the folder should be")
        file = PicksFile(tmp_path / "state" / "picks.db")
        file.record("a/x", "", NOW_S)
        assert file.load(NOW_S).recent() == []
        assert "What you pick is kept until ploked ends" in caplog.text
