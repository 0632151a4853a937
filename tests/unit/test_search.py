"""What search finds, in which order, and what it suggests instead."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from captures import captured, requires_captures
from ploked.importers.openrouter import parse_models
from ploked.search.bits import bits_of
from ploked.search.index import SearchIndex
from ploked.search.rows import extended
from ploked.search.steps import STEP
from ploked.search.suggest import Slips, Spellings
from ploked_fixtures.catalog import PAYLOADS
from ploked_protocol.catalog import EndpointRecord, ModelRecord, Pricing, Support
from ploked_protocol.keys import EndpointKey
from ploked_protocol.money import Money
from ploked_protocol.queries import SearchRow
from ploked_protocol.wire import decode, encode
from rapidfuzz import process

Endpoints = Mapping[str, Sequence[EndpointRecord]]


def model(id_: str, name: str | None = None, **fields: object) -> ModelRecord:
    return msgspec.structs.replace(ModelRecord(id=id_, name=name or id_, source="openrouter"), **fields)


def endpoint(model_id: str, tag: str = "novita/fp8", tools: Support = "yes", **fields: object) -> EndpointRecord:
    record = EndpointRecord(
        key=EndpointKey(model_id, tag),
        provider=tag.partition("/")[0],
        provider_name=tag,
        source="openrouter",
        supports_tools=tools,
    )
    return msgspec.structs.replace(record, **fields)


def index_of(*models: ModelRecord, endpoints: Endpoints | None = None) -> SearchIndex:
    index = SearchIndex()
    index.update(models, known(endpoints or {}))
    return index


def known(endpoints: Endpoints) -> Callable[[str], Sequence[EndpointRecord] | None]:
    return lambda model_id: endpoints.get(model_id)


def found(query: str, *models: ModelRecord) -> list[str]:
    return index_of(*models).search(query).ids


def row(index: SearchIndex, query: str = "") -> SearchRow:
    (first, *_) = index.search(query).rows
    return decode(bytes(first), SearchRow)


@pytest.fixture(scope="module")
def catalog() -> SearchIndex:
    return index_of(*parse_models((PAYLOADS / "models.json").read_bytes()).rows)


class TestWhatMatches:
    A = model("acme/rocket-2", "Acme: Rocket 2", canonical_slug="acme/rocket-2-20260101", description="Writes poems.")
    B = model("bolt/rocket-mini", "Bolt: Rocket Mini", description="Reads maps and poems.")

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ("acme", ["acme/rocket-2"]),
            ("Bolt: Rocket", ["bolt/rocket-mini"]),
            ("20260101", ["acme/rocket-2"]),
            ("maps", ["bolt/rocket-mini"]),
            ("rocket poems", ["acme/rocket-2", "bolt/rocket-mini"]),
        ],
        ids=["id", "name", "canonical slug", "description", "all of them"],
    )
    def test_words_are_looked_for_in(self, query: str, ids: list[str]) -> None:
        assert found(query, self.A, self.B) == ids

    def test_every_word_must_match(self) -> None:
        assert found("rocket submarine", self.A, self.B) == []

    def test_the_order_of_words_does_not_count(self) -> None:
        assert found("poems mini rocket", self.A, self.B) == ["bolt/rocket-mini"]

    @pytest.mark.parametrize(
        "query", ["ROCKET Mini", "  rocket\t mini\n", "rocket\u00a0mini", "röcket mïni", "rocket, mini!"]
    )
    def test_case_accents_blanks_and_punctuation_do_not_count(self, query: str) -> None:
        assert found(query, self.A, self.B) == ["bolt/rocket-mini"]

    def test_accents_of_the_catalog_do_not_count(self) -> None:
        assert found("deja vu", model("a/dv", "Déjà Vu"), model("b/x", "X", description="Straße")) == ["a/dv"]
        assert found("strasse", model("a/dv", "Déjà Vu"), model("b/x", "X", description="Straße")) == ["b/x"]

    def test_names_in_other_scripts_are_found(self) -> None:
        assert found("千问", model("qwen/q", "通义千问"), model("b/x")) == ["qwen/q"]

    @pytest.mark.parametrize("query", ["", "   ", "-", "~ / :"])
    def test_a_query_without_a_word_lists_all_in_the_order_of_the_catalog(self, query: str) -> None:
        old, new = model("a/old", created=1), model("b/new", created=2)
        assert found(query, old, new) == ["a/old", "b/new"]

    def test_limit_cuts_the_rows_and_not_the_total(self) -> None:
        answer = index_of(self.A, self.B).search("rocket", 1)
        assert (len(answer.rows), len(answer.ids), answer.total) == (1, 1, 2)

    def test_aliases_and_routers_are_found(self, catalog: SearchIndex) -> None:
        assert catalog.search("kimi latest").ids[0] == "~moonshotai/kimi-latest"
        assert catalog.search("~moonshotai/").ids.count("~moonshotai/kimi-latest") == 1
        assert catalog.search("auto").ids[0] == "openrouter/auto"

    def test_an_empty_catalog_finds_nothing(self) -> None:
        assert SearchIndex().search("kimi").total == SearchIndex().search("").total == 0
        assert SearchIndex().closest("openai/gpt-4o") == []


class TestOrder:
    LADDER = (
        model("z/within", "A Unicorn"),
        model("z/part", "A PopCorn"),
        model("z/prefix", "A Cornflake"),
        model("z/exact", "A Corn Field"),
        model("z/corn", "Whole"),
        model("z/described", "D", description="Corn."),
        model("z/canonical", "C", canonical_slug="z/corn-1", description="Corn."),
    )

    def test_where_a_word_is_found_counts_first_and_then_how_well_it_fits(self) -> None:
        assert found("corn", *self.LADDER) == [
            "z/corn", "z/exact", "z/prefix", "z/part", "z/within", "z/canonical", "z/described",
        ]  # fmt: skip

    def test_in_prose_a_whole_word_comes_before_the_start_of_one_and_that_before_the_middle(self) -> None:
        models = [model(f"a/{n}", description=text) for n, text in enumerate(("Unicorn.", "Cornflakes.", "Corn."))]
        assert found("corn", *models) == ["a/2", "a/1", "a/0"]

    def test_initials_count_as_the_start_of_a_part(self) -> None:
        assert found("rft", model("a/x", "Surfts"), model("b/red-fast-train"), model("c/rftx")) == [
            "c/rftx", "b/red-fast-train", "a/x",
        ]  # fmt: skip

    def test_the_newest_of_equals_comes_first_then_the_order_of_the_catalog(self) -> None:
        dates = {"a/corn-a": 1, "b/corn-b": 3, "c/corn-c": 3, "d/corn-d": None}
        models = [model(id_, created=created) for id_, created in dates.items()]
        assert found("corn", *models) == ["b/corn-b", "c/corn-c", "a/corn-a", "d/corn-d"]

    def test_a_version_is_one_word(self) -> None:
        newer, asked = model("a/sonnet-4.5", created=2), model("a/sonnet-4", created=1)
        assert found("sonnet 4", newer, asked) == ["a/sonnet-4", "a/sonnet-4.5"]

    @pytest.mark.parametrize("query", ["sonnet 4.5", "sonnet45", "sonnet-4.5", "4.5 sonnet", "a/sonnet-4.5"])
    def test_a_version_may_be_typed_with_or_without_its_point(self, query: str) -> None:
        assert found(query, model("a/sonnet-4"), model("a/sonnet-4.5")) == ["a/sonnet-4.5"]

    def test_what_the_query_names_in_full_comes_before_what_is_newer(self) -> None:
        newer, asked = model("a/gpt-4o-mini", created=2), model("a/gpt-4o", created=1)
        for query in ("gpt-4o", "gpt4o", "gpt 4o", "4o gpt", "a/gpt-4o", "gp 4o"):
            assert found(query, newer, asked) == ["a/gpt-4o", "a/gpt-4o-mini"], query

    def test_letters_in_order_rank_last_and_only_for_a_word_that_no_model_is_called_by(self) -> None:
        described, abbreviated = model("a/x", description="Rcktry."), model("b/rocket", created=9)
        assert found("rckt", described, abbreviated) == ["a/x", "b/rocket"]
        assert found("rckt", described, abbreviated, model("c/rckt")) == ["c/rckt", "a/x"]

    def test_letters_strewn_over_a_name_are_no_match(self) -> None:
        far_apart, within_words = model("b/rocket-attention-engine"), model("b/ro-lake-t")
        assert found("rte", far_apart) == []
        assert found("rkt", within_words) == []

    def test_signs_that_were_typed_decide_among_ids(self) -> None:
        whole, on_its_way = model("a/gpt-5", created=2), model("a/gpt-5.2", created=1)
        assert found("gpt5", whole, on_its_way) == ["a/gpt-5", "a/gpt-5.2"]
        assert found("gpt-5", whole, on_its_way) == ["a/gpt-5", "a/gpt-5.2"]
        assert found("gpt-5.", whole, on_its_way) == ["a/gpt-5.2", "a/gpt-5"]
        alias, author = model("~z-ai/latest", created=2), model("z-ai/glm", created=1)
        assert found("zai", alias, author) == ["~z-ai/latest", "z-ai/glm"]
        assert found("z-ai", alias, author) == ["z-ai/glm", "~z-ai/latest"]

    def test_a_slip_is_forgiven_when_nothing_else_matches(self) -> None:
        models = model("a/rocket-mini"), model("b/train")
        assert found("rokcet", *models) == ["a/rocket-mini"]
        assert found("rokcet mini", *models) == ["a/rocket-mini"]
        assert found("a/rokcet-mimi", *models) == ["a/rocket-mini"]
        assert found("xocxex", *models) == []
        assert found("ab", *models) == []


class TestTheCatalog:
    @pytest.mark.parametrize(
        ("query", "first"),
        [
            ("gpt4o", "openai/gpt-4o"),
            ("sonnet45", "anthropic/claude-sonnet-4.5"),
            ("ds r1", "deepseek/deepseek-r1"),
            ("openai/gpt-4o", "openai/gpt-4o"),
            ("gpt-4o-mni", "openai/gpt-4o-mini"),
            ("gtp4o", "openai/gpt-4o"),
            ("gemini-2.5-fl", "google/gemini-2.5-flash"),
            ("claude son", "anthropic/claude-sonnet-5"),
            ("claude-4.5-sonnet", "anthropic/claude-sonnet-4.5"),
            ("k2 thinking", "moonshotai/kimi-k2-thinking"),
        ],
    )
    def test_what_people_type_finds_first(self, catalog: SearchIndex, query: str, first: str) -> None:
        assert catalog.search(query).ids[0] == first

    def test_a_family_is_listed_newest_first(self, catalog: SearchIndex) -> None:
        models = parse_models((PAYLOADS / "models.json").read_bytes()).rows
        family = sorted((m for m in models if "/kimi-" in m.id), key=lambda m: -(m.created or 0))
        assert catalog.search("kimi").ids == [m.id for m in family]

    def test_of_starts_of_words_those_of_author_id_and_name_lead_unless_another_is_liked(self) -> None:
        index = index_of(
            model("z/rocket-latest", created=4),
            model("acme/rocket-lark", created=3),
            model("acme/lathe-7", created=2),
            model("lands/rocket-3", created=1),
            model("z/other", "Larch 3", created=0),
            model("z/late", created=9),
        )
        heads, others = ["acme/lathe-7", "lands/rocket-3", "z/other"], ["z/rocket-latest", "acme/rocket-lark"]
        assert index.search("la").ids == ["z/late", *heads, *others]  # `late` is all of what z/late is called
        assert index.search("la", 3).ids == ["z/late", *heads[:2]]
        index.picks.set_favourite("acme/rocket-lark", True)
        assert index.search("la").ids == ["z/late", "acme/rocket-lark", *heads, "z/rocket-latest"]

    def test_in_a_query_of_several_words_all_starts_of_words_count_alike(self) -> None:
        index = index_of(model("acme/rocket-latest-1", created=2), model("acme/lathe-rocket-1", created=1))
        assert index.search("rocket la").ids == ["acme/rocket-latest-1", "acme/lathe-rocket-1"]

    def test_the_order_is_the_one_on_record(self, catalog: SearchIndex, golden: Callable[[str, str], None]) -> None:
        queries = (Path(__file__).parent.parent / "golden" / "search" / "queries.txt").read_text().splitlines()
        golden("search/ranking.txt", "".join(ranked(catalog, query) for query in queries))

    @requires_captures
    @pytest.mark.parametrize("name", ["models-20250523", "models-20260805-all-modalities", "models-20260822"])
    def test_every_model_of_a_capture_is_found_by_its_own_id(self, name: str) -> None:
        models = parse_models(captured(f"openrouter/{name}.json").read_bytes()).rows
        index = index_of(*models)
        lost = [m.id for m in models if m.id not in index.search(m.id).ids[:2]]  # `~x/y` and `x/y` read alike
        assert lost == []


def ranked(index: SearchIndex, query: str) -> str:
    answer = index.search(query, 8)
    return "".join((f"{query}  ({answer.total})\n", *(f"    {id_}\n" for id_ in answer.ids)))


class TestRows:
    KIMI = model(
        "moonshotai/kimi-k2:free",
        "MoonshotAI: Kimi K2 (free)",
        description="D",
        context_hint=1000,
        supported_parameters=("tools",),
        pricing=Pricing.per_token(Money("0.000001"), Money("0.000002")),
        expires="2027-01-01",
    )

    def test_a_row_shows_the_hints_of_the_model_list(self) -> None:
        assert row(index_of(self.KIMI)) == SearchRow(
            id="moonshotai/kimi-k2:free",
            name="MoonshotAI: Kimi K2 (free)",
            author="moonshotai",
            slug="kimi-k2:free",
            context_hint=1000,
            supports_tools="uncertain",
            basis="hint",
            prompt_per_1m=Money(1),
            completion_per_1m=Money(2),
            description="D",
            expires="2027-01-01",
            source="openrouter",
        )

    def test_rows_are_encoded_as_the_wire_encodes_them(self) -> None:
        (only,) = index_of(self.KIMI).search("").rows
        assert bytes(only) == encode(row(index_of(self.KIMI)))

    @pytest.mark.parametrize(
        ("said", "supports"),
        [
            (["yes", "no"], "yes"),
            (["no", "no"], "no"),
            (["no", "uncertain"], "uncertain"),
            (["uncertain"], "uncertain"),
        ],
    )
    def test_endpoints_are_the_truth_about_tools(self, said: list[Support], supports: Support) -> None:
        endpoints = {self.KIMI.id: [endpoint(self.KIMI.id, tools=tools) for tools in said]}
        shown = row(index_of(self.KIMI, endpoints=endpoints))
        assert (shown.supports_tools, shown.basis) == (supports, "endpoints")

    def test_endpoints_are_the_truth_about_price_and_context(self) -> None:
        dear = endpoint(self.KIMI.id, pricing=Pricing.per_token(Money(9), Money(1)), context_length=5000)
        cheap = endpoint(self.KIMI.id, pricing=Pricing.per_token(Money(3), Money(4)), context_length=None)
        unpriced = endpoint(self.KIMI.id)
        shown = row(index_of(self.KIMI, endpoints={self.KIMI.id: [unpriced, dear, cheap]}))
        assert (shown.prompt_per_1m, shown.completion_per_1m) == (Money(3_000_000), Money(4_000_000))
        assert shown.context_hint == 5000

    def test_no_endpoints_and_no_context_leave_the_hints(self) -> None:
        assert row(index_of(self.KIMI, endpoints={self.KIMI.id: []})).basis == "hint"
        assert row(index_of(self.KIMI, endpoints={self.KIMI.id: [endpoint(self.KIMI.id)]})).context_hint == 1000

    def test_an_alias_shows_the_endpoints_of_its_target(self) -> None:
        alias = model("~moonshotai/kimi-latest", alias_target=self.KIMI.id)
        shown = row(index_of(alias, endpoints={self.KIMI.id: [endpoint(self.KIMI.id)]}))
        assert (shown.author, shown.slug, shown.supports_tools) == ("moonshotai", "kimi-latest", "yes")

    def test_an_id_of_no_known_form_is_listed_all_the_same(self) -> None:
        assert [(row(index_of(model(id_))).author, row(index_of(model(id_))).slug) for id_ in ("x", "a b/c", "")] == [
            ("", "x"), ("a b", "c"), ("", ""),
        ]  # fmt: skip


class TestUpdate:
    A, B = model("a/corn", created=1), model("b/corn", created=2)

    def test_rows_that_did_not_change_are_not_encoded_again(self) -> None:
        index = index_of(self.A, self.B)
        before = index.search("").rows
        index.update([self.A, self.B], known({"b/corn": [endpoint("b/corn")]}))
        after = index.search("").rows
        assert after[0] is before[0]
        assert decode(bytes(after[1]), SearchRow).basis == "endpoints"

    def test_models_come_go_and_change(self) -> None:
        index = index_of(self.A, self.B)
        assert index.search("corn").ids == ["b/corn", "a/corn"]
        index.update([msgspec.structs.replace(self.A, created=3), model("c/wheat")], known({}))
        assert index.search("").ids == ["a/corn", "c/wheat"]
        assert index.search("corn").ids == ["a/corn"]
        assert index.search("wheat").total == 1

    def test_endpoints_of_one_model_change_its_row_and_that_of_its_aliases_alone(self) -> None:
        alias = model("~b/latest", alias_target="b/corn")
        index = index_of(self.A, self.B, alias)
        before, searched = index.search("").rows, index.held
        index.take_endpoints("b/corn", [endpoint("b/corn")])
        after = index.search("").rows
        assert [decode(bytes(row), SearchRow).basis for row in after] == ["hint", "endpoints", "endpoints"]
        assert after[0] is before[0]
        assert index.held is searched
        index.take_endpoints("b/corn", [endpoint("b/corn")])
        assert index.search("").rows[1] is after[1]
        index.take_endpoints("c/unknown", [endpoint("c/unknown")])
        index.take_endpoints("b/corn", None)
        assert row(index, "b/corn").basis == "hint"

    def test_what_the_empty_query_finds_is_kept_and_is_never_older_than_the_catalog_or_what_is_liked(self) -> None:
        index = index_of(self.A, self.B)

        def listed(limit: int | None = None) -> list[SearchRow]:
            array, total = index.listed(limit)
            assert index.listed(limit)[0] is array
            found = index.search("", limit)
            assert total == found.total
            rows = decode(bytes(array), list[SearchRow])
            assert rows == [decode(bytes(row), SearchRow) for row in found.rows]
            return rows

        assert [row.id for row in listed()] == ["a/corn", "b/corn"]
        assert [row.id for row in listed(1)] == ["a/corn"]
        index.take_endpoints("b/corn", [endpoint("b/corn")])
        assert [row.basis for row in listed()] == ["hint", "endpoints"]
        index.picks.set_favourite("a/corn", True)
        assert [row.favourite for row in listed()] == [True, False]
        index.picks.set_favourite("a/corn", False)
        assert [row.favourite for row in listed()] == [False, False]
        index.update([model("c/wheat")], known({}))
        assert [row.id for row in listed()] == ["c/wheat"]
        for limit in range(1, 20):
            listed(limit)
        assert len(index.held.listings) < 10

    def test_endpoints_that_arrive_while_a_list_is_taken_in_are_not_lost(self) -> None:
        index = index_of(self.A)

        def arriving(model_id: str) -> None:
            if model_id == "b/corn":
                index.take_endpoints("a/corn", [endpoint("a/corn")])

        index.update([self.A, self.B], arriving)
        assert row(index, "a/corn").basis == "endpoints"

    def test_texts_are_laid_out_again_only_when_one_changed(self) -> None:
        index = index_of(self.A, self.B)
        ranking = index.held.ranking
        dearer = msgspec.structs.replace(self.A, pricing=Pricing.per_token(Money(1), Money(1)))
        index.update([dearer, self.B], known({}))
        assert index.held.ranking is ranking
        assert row(index).prompt_per_1m == Money(1_000_000)
        index.update([dearer, msgspec.structs.replace(self.B, description="Wheat.")], known({}))
        assert index.search("wheat").ids == ["b/corn"]

    def test_the_order_of_the_catalog_may_change_alone(self) -> None:
        index = index_of(self.A, self.B)
        index.update([self.B, self.A], known({}))
        assert index.search("").ids == ["b/corn", "a/corn"]

    def test_warming_changes_no_answer(self) -> None:
        index = index_of(self.A, self.B)
        index.warm()
        assert list(map(bytes, index.search("").rows)) == list(map(bytes, index_of(self.A, self.B).search("").rows))


class TestRestricted:
    """A search among some rows, and with words given apart: what filters need."""

    MODELS = tuple(model(f"a/corn-{n}", created=n, description="gpt 4o" if n == 2 else "") for n in range(4))

    def among(self, index: SearchIndex, *ids: str) -> int:
        return bits_of((index.held.row_of[id_] for id_ in ids), len(index.held.ids))

    @pytest.mark.parametrize("query", ["", "corn"])
    def test_nothing_is_found_outside(self, query: str) -> None:
        index = index_of(*self.MODELS)
        answer = index.search(query, 1, held=index.held, among=self.among(index, "a/corn-1", "a/corn-3"))
        assert answer.total == 2
        assert answer.ids == ["a/corn-3" if query else "a/corn-1"]

    def test_what_is_spelled_right_is_not_taken_for_a_slip_because_it_is_outside(self) -> None:
        index = index_of(*self.MODELS, model("b/cord"))
        assert index.search("corn", among=self.among(index, "b/cord")).ids == []

    def test_words_given_apart_may_hold_blanks(self) -> None:
        index = index_of(*self.MODELS, model("b/x", description="4o gpt corn"))
        assert index.search("gpt 4o corn").total == 2
        assert index.search(["gpt 4o", "corn"]).ids == ["a/corn-2"]


class TestWhatOneAnswerAdds:
    def test_fields_are_appended_to_an_encoded_row(self) -> None:
        (plain,) = index_of(model("a/x")).search("").rows
        assert bytes(extended(plain, {"eligible": 7, "of": [1]})) == bytes(plain)[:-1] + b',"eligible":7,"of":[1]}'
        assert extended(plain, {}) is plain

    def test_a_search_that_nobody_waits_for_is_ended(self) -> None:
        class EndedError(Exception):
            pass

        def check() -> None:
            raise EndedError

        with pytest.raises(EndedError):
            index_of(model("a/x")).search("x", check=check)


class TestDidYouMean:
    def test_a_canonical_slug_means_its_model(self) -> None:
        dated = model("a/one", canonical_slug="a/one-20250101")
        index = index_of(dated, msgspec.structs.replace(dated, id="a/one:free"), model("a/one-2025010"))
        assert index.closest("a/one-20250101", 1) == ["a/one"]
        assert index.closest("a/one-20250101:free", 1) == ["a/one:free"]
        assert index.closest("a/one-20250101:nitro", 1) == ["a/one:nitro"]

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("a/one-preview", "b/other"),
            ("A/One-Preview", "b/other"),
            ("a/one-preview:free", "b/other:free"),
            ("a/one-preview:batch", "b/other"),
            ("a/one-preview:nitro", "b/other:nitro"),
            ("a/one-preview@preset/mine", "b/other@preset/mine"),
        ],
    )
    def test_an_id_that_is_listed_no_more_means_what_took_its_place(self, text: str, first: str) -> None:
        index = index_of(model("b/other"), model("b/other:free"), model("a/one-previews"))
        assert index.closest(text)[0] != first
        index.successor_of = {"a/one-preview": "b/other"}.get
        assert index.closest(text)[0] == first

    @pytest.mark.parametrize("slip", ["acme/rocket-21", "acme/rokcet-2", "other/rocket-2", "rocket-2-acme"])
    def test_in_a_long_catalog_the_same_is_meant_and_no_step_takes_long(
        self, slip: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken: list[int] = []

        def extract(query: str, choices: list[str], **options: Any) -> Any:
            taken.append(len(choices))
            return rapidfuzz_extract(query, choices, **options)

        rapidfuzz_extract = process.extract
        meant = [model(id_) for id_ in ("acme/rocket-2", "acme/rocket-3", "acme/socket-2")]
        long_list = [model(f"zz/{number:07}") for number in range(2 * STEP)]
        long_list[10:10], long_list[STEP:STEP], long_list[2 * STEP :] = [[each] for each in meant]
        monkeypatch.setattr(process, "extract", extract)
        found, in_short = (Spellings(each).closest(slip, 3) for each in (long_list, meant))
        assert found == in_short != []
        assert max(taken) == STEP
        slips = Slips([each.id.replace("/", "").replace("-", "") for each in long_list])
        assert slips.words_close_to("acmerokcet2") == ["acmerocket2"]
        assert max(taken) == STEP

    def test_a_successor_that_is_not_in_the_index_yet_is_not_offered(self) -> None:
        index = index_of(model("a/one-previews"))
        index.successor_of = {"a/one-preview": "b/other"}.get
        assert index.closest("a/one-preview") == ["a/one-previews"]

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("google-vertex/gemini-2.5-pro", "google/gemini-2.5-pro"),
            ("google-ai-studio/gemini-2.5-flash", "google/gemini-2.5-flash"),
            ("mistral/mistral-nemo", "mistralai/mistral-nemo"),
            ("xai/grok-4.6", "x-ai/grok-4.6"),
            ("meta/llama-4-scout", "meta-llama/llama-4-scout"),
            ("xai/grok-46.", "x-ai/grok-4.6"),
            ("google-vertex/gemini-2.5-pro:batch", "google/gemini-2.5-pro:batch"),
            ("mistral/mistral-nemo:free", "mistralai/mistral-nemo"),
            ("xai/grok-4.6:nitro", "x-ai/grok-4.6:nitro"),
            ("mistral/mistral-nemo@preset/mine", "mistralai/mistral-nemo@preset/mine"),
        ],
    )
    def test_authors_are_known_by_what_they_are_taken_for(self, catalog: SearchIndex, text: str, first: str) -> None:
        assert catalog.closest(text)[0] == first

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("openai/gpt-4o-mni", "openai/gpt-4o-mini"),
            ("gpt-4o", "openai/gpt-4o"),
            ("OpenAI/GPT-4o", "openai/gpt-4o"),
            ("Claude Sonnet 4.5", "anthropic/claude-sonnet-4.5"),
            ("anthropic/claude-4.5-sonnet", "anthropic/claude-sonnet-4.5"),
            ("google-vertex/gemini-2.5-pro", "google/gemini-2.5-pro"),
            ("moonshot/kimi-k3", "moonshotai/kimi-k3"),
            ("~anthropic/claude-sonet-latest", "~anthropic/claude-sonnet-latest"),
            ("anthropic/claude-sonnet-latest", "~anthropic/claude-sonnet-latest"),
            ("openrouter/atuo", "openrouter/auto"),
            ("z-ai/glm-46.", "z-ai/glm-4.6"),
            ("openai/gpt-52.-codex", "openai/gpt-5.2-codex"),
            ("openai/gpt-4o-mni:nitro", "openai/gpt-4o-mini:nitro"),
            ("openai/gpt-4o:nitor", "openai/gpt-4o:nitro"),
            ("openai/gpt-4o:free", "openai/gpt-4o"),
            ("nvidia/nemotron-3-ultra-550b-a55b:fre", "nvidia/nemotron-3-ultra-550b-a55b:free"),
            ("openai/gpt-4o-mni@preset/mine", "openai/gpt-4o-mini@preset/mine"),
        ],
    )
    def test_suggests_first(self, catalog: SearchIndex, text: str, first: str) -> None:
        assert catalog.closest(text)[0] == first

    @pytest.mark.parametrize("text", ["", " ", "@preset/mine", ":free", "zzzzzzzzzz", "x" * 100_000])
    def test_suggests_nothing_for(self, catalog: SearchIndex, text: str) -> None:
        assert catalog.closest(text) == []

    def test_suggests_as_many_as_asked_for_each_once(self, catalog: SearchIndex) -> None:
        suggestions = catalog.closest("openai/gpt-4", 20)
        assert len(suggestions) == len(set(suggestions)) == 20

    def test_never_suggests_what_was_rejected(self, catalog: SearchIndex) -> None:
        for id_ in catalog.search("").ids:
            assert id_ not in catalog.closest(id_)
        assert "openai/gpt-4o:nitro" not in catalog.closest("openai/gpt-4o:nitro")

    def test_is_right_about_98_of_100_ids_with_one_or_two_slips(self, catalog: SearchIndex) -> None:
        ids = catalog.search("").ids
        typos = list(slips(ids, random.Random(20260822), 1000))
        right = sum(catalog.closest(typo, 1) == [meant] for meant, typo in typos)
        assert right >= 980


def slips(ids: list[str], chance: random.Random, count: int) -> list[tuple[str, str]]:
    """Return ids, each with the same one after one or two slips of the fingers; none that is another id."""
    known, made = set(ids), list[tuple[str, str]]()
    while len(made) < count:
        meant = typo = chance.choice(ids)
        for _ in range(chance.randint(1, 2)):
            typo = slip(typo, chance)
        if typo not in known:
            made.append((meant, typo))
    return made


def slip(text: str, chance: random.Random) -> str:
    """Return `text` with a letter left out, put in, replaced, or swapped with the next."""
    at, letter = chance.randrange(len(text)), chance.choice("abcdefghijklmnopqrstuvwxyz0123456789-./:")
    before, here, after = text[:at], text[at], text[at + 1 :]
    return chance.choice(
        [before + after, before + letter + here + after, before + letter + after, before + after[:1] + here + after[1:]]
    )
