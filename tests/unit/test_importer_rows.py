"""What becomes of OpenRouter's rows: facts are kept, an oddity costs its own field, garbage its own row."""

from __future__ import annotations

import json
from itertools import repeat
from typing import Any

import pytest
from ploked.importers.base import Batch, ImportFailedError
from ploked.importers.openrouter import parse_endpoints, parse_models, parse_providers
from ploked.secret import Secret
from ploked_fixtures.catalog import PAYLOADS
from ploked_fixtures.quirks import Quirk, load_quirks
from ploked_fixtures.wire import RawJson
from ploked_protocol.catalog import EndpointRecord, ModelRecord, PriceOverride, Pricing, ProviderRecord
from ploked_protocol.keys import EndpointKey, ModelKey
from ploked_protocol.money import Money
from ploked_protocol.wire import builtins

KIMI = ModelKey.parse("moonshotai/kimi-k2")


def models(*rows: object) -> Batch[ModelRecord]:
    return parse_models(json.dumps({"data": rows}).encode())


def model(**fields: object) -> ModelRecord:
    """Return the record of a row with these fields."""
    return models({"id": "moonshotai/kimi-k2", **fields}).rows[0]


def endpoints(*rows: object, asked: ModelKey = KIMI) -> Batch[EndpointRecord]:
    return parse_endpoints(json.dumps({"data": {"id": "other/id", "endpoints": rows}}).encode(), asked)


def endpoint(**fields: object) -> EndpointRecord:
    return endpoints({"tag": "novita/fp8", **fields}).rows[0]


def providers(*rows: object) -> Batch[ProviderRecord]:
    return parse_providers(json.dumps({"data": rows}).encode())


def pricing(**fields: object) -> Pricing:
    return model(pricing=fields).pricing


class TestPrices:
    def test_are_exact_and_scaled_to_1k_and_1m_tokens(self) -> None:
        prices = pricing(prompt="0.00000057", completion="0.0000023")
        assert builtins(prices) | {"other": {}} == builtins(prices)
        assert (str(prices.prompt_per_token), str(prices.prompt_per_1k), str(prices.prompt_per_1m)) == (
            "0.00000057",
            "0.00057",
            "0.57",
        )
        assert str(prices.completion_per_1m) == "2.3"

    def test_keep_every_digit_of_a_leaked_float(self) -> None:
        assert str(pricing(prompt="0.00000008333333333333334").prompt_per_token) == "0.00000008333333333333334"

    @pytest.mark.parametrize("sent", ["-1", -1, "-1.0", -1.0])
    def test_minus_one_means_that_they_vary(self, sent: object) -> None:
        prices = pricing(prompt=sent, completion=sent, request=sent)
        assert prices.varies
        assert (prices.prompt_per_token, prices.prompt_per_1m, prices.other) == (None, None, {})

    @pytest.mark.parametrize("sent", ["-0.5", "-2", -1e-9, "NaN", "Infinity", "free", "", "1e400", "1e-400", True])
    def test_that_are_no_amount_are_unknown_and_reported_and_the_row_is_kept(self, sent: object) -> None:
        batch = models({"id": "a/b", "pricing": {"prompt": sent, "completion": "1", "image": sent}})
        assert batch.rows[0].pricing == Pricing.per_token(None, Money(1))
        assert batch.skipped == 0
        assert batch.problems == ("a/b: prices not understood: prompt, image",)

    def test_may_be_numbers(self) -> None:
        assert str(pricing(prompt=0.00000057).prompt_per_token) == "0.00000057"

    def test_that_are_absent_are_unknown_and_no_problem(self) -> None:
        assert models({"id": "a/b"}, {"id": "a/c", "pricing": {"prompt": None}}).problems == ()

    def test_of_other_kinds_are_kept_by_their_key_known_or_not(self) -> None:
        sent = {"prompt": "0", "completion": "0", "web_search": "0.01", "quantum": "0.5"}
        assert pricing(**sent).other == {"web_search": Money("0.01"), "quantum": Money("0.5")}

    def test_are_listed_net_so_the_discount_is_shown_and_not_applied(self) -> None:
        prices = pricing(prompt="0.0000009", completion="0", discount=0.1)
        assert (str(prices.prompt_per_token), str(prices.discount), prices.other) == ("0.0000009", "0.1", {})

    def test_of_zero_are_known(self) -> None:
        assert str(pricing(prompt="0", completion="-0").completion_per_1m) == "0"

    def test_overrides_are_kept_in_order(self) -> None:
        sent = [
            {"min_prompt_tokens": 128000, "prompt": "0.000001", "completion": "0.000006"},
            {"utc_start": 2330, "utc_end": 30, "prompt": "0.0000001"},
        ]
        assert pricing(prompt="0.0000005", overrides=sent).overrides == (
            PriceOverride(
                min_prompt_tokens=128000, prices={"prompt": Money("0.000001"), "completion": Money("0.000006")}
            ),
            PriceOverride(utc_start=2330, utc_end=30, prices={"prompt": Money("0.0000001")}),
        )

    @pytest.mark.parametrize("entry", [{"prompt": "1"}, {"min_prompt_tokens": 5, "max_images": 2, "prompt": "1"}, 7])
    def test_an_override_under_an_unknown_condition_is_left_out_and_reported(self, entry: object) -> None:
        batch = models({"id": "a/b", "pricing": {"prompt": "2", "overrides": [entry]}})
        assert batch.rows[0].pricing == Pricing.per_token(Money(2), None)
        assert batch.problems == ("a/b: prices not understood: overrides",)


class TestModels:
    def test_keep_the_order_of_upstream(self) -> None:
        assert [row.id for row in models({"id": "b/b"}, {"id": "a/a"}).rows] == ["b/b", "a/a"]

    def test_carry_what_the_row_says(self) -> None:
        record = model(
            canonical_slug="moonshotai/kimi-k2-0711",
            name="  MoonshotAI: Kimi K2 ",
            created=1752263252,
            description="Made for tests.\nTwo lines.",
            context_length=131072,
            architecture={"input_modalities": ["text", "image"], "output_modalities": ["text"], "tokenizer": "Other"},
            top_provider={"context_length": 1, "max_completion_tokens": 16384, "is_moderated": False},
            supported_parameters=["tools", "seed"],
            hugging_face_id="moonshotai/Kimi-K2",
            knowledge_cutoff="2025-01-31",
            expiration_date="2027-01-01",
            default_parameters={"temperature": 1, "top_p": None},
        )
        assert record == ModelRecord(
            id="moonshotai/kimi-k2",
            name="MoonshotAI: Kimi K2",
            source="openrouter",
            canonical_slug="moonshotai/kimi-k2-0711",
            description="Made for tests.\nTwo lines.",
            created=1752263252,
            context_hint=131072,
            max_completion_hint=16384,
            supported_parameters=("tools", "seed"),
            input_modalities=("text", "image"),
            output_modalities=("text",),
            tokenizer="Other",
            knowledge_cutoff="2025-01-31",
            expires="2027-01-01",
            hugging_face_id="moonshotai/Kimi-K2",
            is_moderated=False,
            default_parameters={"temperature": 1},
        )

    def test_need_nothing_but_an_id(self) -> None:
        assert models({"id": "a/b"}).rows == [ModelRecord(id="a/b", name="a/b", source="openrouter")]

    @pytest.mark.parametrize(
        ("sent", "read"),
        [
            (131072, 131072),
            ("131072", 131072),
            (131072.0, 131072),
            *zip((0, -1, None, 1.5, "12k", True, 10**30, [], "9" * 5000), repeat(None), strict=False),
        ],
    )
    def test_context_is_a_positive_number_or_unknown(self, sent: object, read: int | None) -> None:
        assert model(context_length=sent).context_hint == read

    @pytest.mark.parametrize(
        ("sent", "read"),
        [(["b", "a", "b", "a"], ("b", "a")), ([], ()), (None, None), ("tools", None), (["a", 1, None, ["b"]], ("a",))],
    )
    def test_parameters_keep_their_order_without_repeats(self, sent: object, read: object) -> None:
        assert model(supported_parameters=sent).supported_parameters == read

    def test_a_date_far_away_is_no_expiration(self) -> None:
        assert model(expiration_date="2098-12-31").expires is None
        assert model(expiration_date="2026-09-01T00:00:00Z").expires == "2026-09-01"
        assert model(expiration_date="soon").expires is None

    def test_an_empty_hugging_face_id_is_none(self) -> None:
        assert model(hugging_face_id="").hugging_face_id is None

    def test_an_alias_names_its_target(self) -> None:
        row = {"id": "~x-ai/grok-latest", "alias_target": {"slug": "x-ai/grok-4.6", "name": "Grok"}}
        assert models(row).rows[0].alias_target == "x-ai/grok-4.6"

    def test_text_is_safe_for_a_terminal(self) -> None:
        record = model(name="bell\x07 \x1b[31mred\u202e\n", description="one\x1b[2J\n\ttwo")
        assert record.name == "bell   [31mred"
        assert record.description == "one [2J\n\ttwo"

    def test_endless_text_is_cut(self) -> None:
        record = model(name="x" * 5000, description="y" * 50_000)
        assert (len(record.name), len(record.description)) == (200, 4096)

    def test_what_many_rows_repeat_is_held_once(self) -> None:
        same = {"supported_parameters": ["tools", "seed"], "pricing": {"prompt": "1", "completion": "2"}}
        first, second = models({"id": "a/a", **same}, {"id": "a/b", **same}).rows
        assert first.supported_parameters is second.supported_parameters
        assert first.pricing is second.pricing

    @pytest.mark.parametrize(
        "row", [None, 17, "a/b", ["a/b"], {}, {"id": None}, {"id": " "}, {"id": 3}, {"id": "gpt-4"}]
    )
    def test_a_row_that_names_no_model_is_skipped_counted_and_described(self, row: object) -> None:
        batch = models({"id": "a/a"}, row, {"id": "a/b"})
        assert [record.id for record in batch.rows] == ["a/a", "a/b"]
        assert batch.skipped == 1
        assert batch.problems[0].startswith("row 1 was skipped: ")

    def test_of_a_repeated_id_the_first_row_wins(self) -> None:
        batch = models({"id": "a/a", "name": "first"}, {"id": "a/a", "name": "second"})
        assert [record.name for record in batch.rows] == ["first"]
        assert (batch.skipped, batch.problems) == (1, ("row 1 was skipped: it repeats a/a",))

    def test_a_problem_repeats_no_secret(self) -> None:
        Secret("canaryInARow")
        batch = models({"id": "a/b"}, {"id": "canaryInARow"}, {"id": "a/canaryInARow", "pricing": {"prompt": "x"}})
        assert batch.problems == (
            "row 1 was skipped: '***' is not a model id (author/slug)", "a/***: prices not understood: prompt"
        )  # fmt: skip
        with pytest.raises(ImportFailedError, match=r"'\*\*\*' is not a model id"):
            models({"id": "canaryInARow"})

    def test_only_the_first_few_problems_are_described(self) -> None:
        batch = models({"id": "a/a"}, *[None] * 50)
        assert (batch.skipped, len(batch.problems)) == (50, 5)


class TestEndpoints:
    def test_carry_what_the_row_says(self) -> None:
        record = endpoint(
            provider_name="NovitaAI",
            quantization="fp8",
            pricing={"prompt": "0.00000057", "completion": "0.0000023"},
            context_length=131072,
            max_prompt_tokens=None,
            max_completion_tokens=32768,
            supported_parameters=["tools", "tool_choice"],
            uptime_last_30m=99.5,
            uptime_last_5m=None,
            uptime_last_1d=100,
            status=-2,
            latency_last_30m={"p50": 983, "p75": 1200.5, "p90": None, "p99": 5000},
            throughput_last_30m=None,
            supports_implicit_caching=True,
        )
        assert record.key == EndpointKey("moonshotai/kimi-k2", "novita/fp8")
        assert (record.provider, record.provider_name, record.quantization) == ("novita", "NovitaAI", "fp8")
        assert (record.context_length, record.max_prompt_tokens, record.max_completion_tokens) == (131072, None, 32768)
        assert (record.uptime_30m, record.uptime_5m, record.uptime_1d, record.status) == (99.5, None, 100.0, -2)
        assert record.latency_ms is not None
        assert (record.latency_ms.p50, record.latency_ms.p90) == (983.0, None)
        assert record.throughput_tps is None
        assert record.implicit_caching is True
        assert str(record.pricing.prompt_per_1k) == "0.00057"

    def test_need_nothing_but_a_tag(self) -> None:
        assert endpoint() == EndpointRecord(
            key=EndpointKey("moonshotai/kimi-k2", "novita/fp8"),
            provider="novita",
            provider_name="novita",
            source="openrouter",
        )

    def test_belong_to_the_id_that_was_asked_for_whatever_the_answer_names(self) -> None:
        asked = ModelKey.parse("google/gemini-2.5-pro-preview")
        assert endpoints({"tag": "google-vertex"}, asked=asked).rows[0].key.model == "google/gemini-2.5-pro-preview"

    def test_of_one_tag_are_told_apart_by_an_ordinal(self) -> None:
        rows = endpoints({"tag": "a"}, {"tag": "b"}, {"tag": "a"}, {"tag": "a"}).rows
        assert [str(row.key).partition("|")[2] for row in rows] == ["a", "b", "a#1", "a#2"]

    @pytest.mark.parametrize(
        ("parameters", "tools"),
        [(["tools"], "yes"), (["seed"], "no"), ([], "no"), (None, "uncertain"), (7, "uncertain")],
    )
    def test_take_tools_when_their_own_list_says_so(self, parameters: object, tools: str) -> None:
        assert endpoint(supported_parameters=parameters).supports_tools == tools

    @pytest.mark.parametrize(
        ("sent", "read"), [("unknown", None), (None, None), ("fp8", "fp8"), ("fp2-new", "fp2-new")]
    )
    def test_unknown_quantization_is_none_and_new_ones_pass(self, sent: object, read: object) -> None:
        assert endpoint(quantization=sent).quantization == read

    @pytest.mark.parametrize(("sent", "read"), [(0, 0), (-5, -5), ("-2", -2), (-2.0, -2), ("active", None), ({}, None)])
    def test_status_is_a_number_or_unknown(self, sent: object, read: int | None) -> None:
        assert endpoint(status=sent).status == read

    def test_a_context_of_zero_is_unknown(self) -> None:
        assert endpoint(context_length=0).context_length is None

    def test_the_provider_is_the_first_part_of_the_tag_never_the_name(self) -> None:
        record = endpoint(tag="anthropic/claude-on-aws", provider_name="Amazon Bedrock")
        assert (record.provider, record.provider_name) == ("anthropic", "Amazon Bedrock")

    def test_an_alias_or_router_has_none(self) -> None:
        assert endpoints().rows == []

    def test_a_row_without_a_tag_costs_only_itself(self) -> None:
        batch = endpoints({"provider_name": "X"}, {"tag": "a"}, "novita", {"tag": ""})
        assert [row.key.tag for row in batch.rows] == ["a"]
        assert batch.skipped == 3
        assert batch.problems[0] == "row 0 was skipped: it has no tag"


class TestProviders:
    def test_carry_what_the_row_says(self) -> None:
        row = {
            "slug": "google-vertex",
            "name": "Google",
            "privacy_policy_url": "https://policies.example",
            "status_page_url": "javascript:alert(1)",
            "headquarters": "US",
            "datacenters": ["US", "NL"],
        }
        assert providers(row, {"slug": "bare", "datacenters": None}).rows == [
            ProviderRecord(
                slug="google-vertex",
                name="Google",
                source="openrouter",
                privacy_policy_url="https://policies.example",
                headquarters="US",
                datacenters=("US", "NL"),
            ),
            ProviderRecord(slug="bare", name="bare", source="openrouter"),
        ]

    def test_without_a_slug_are_skipped(self) -> None:
        assert providers({"slug": "a"}, {"name": "B"}, None, {"slug": 9}).skipped == 3


class TestAnswersThatAreNone:
    """They fail the refresh, so that what was known before stays."""

    @pytest.mark.parametrize(
        "data",
        [
            *[b"", b"{", b"null", b"[]", b"42", b"\xff\xfe", b"<html>", b"[" * 100_000],
            *[b'{"error":{"code":404}}', b'{"data":null}', b'{"data":{}}', b'{"data":[', b'{"data":' + b"[" * 100_000],
        ],
    )
    def test_of_the_wrong_shape(self, data: bytes) -> None:
        for parse in (parse_models, parse_providers, lambda data: parse_endpoints(data, KIMI)):
            with pytest.raises(ImportFailedError, match="OpenRouter's answer"):
                parse(data)

    @pytest.mark.parametrize(
        ("id_", "names"),
        [
            ('"a/new"', "a/new"), ('" a/new:free "', "a/new:free"), ('"a/old"', None), ('"a/old:nitro"', "a/old:nitro"),
            ("null", None), ("7", None), ('"no id"', None), ('"a/b\\u001b[31m"', None),
        ],
    )  # fmt: skip
    def test_about_another_id_than_was_asked_for_name_it(self, id_: str, names: str | None) -> None:
        for asked in ("a/old", "a/old@preset/x"):
            batch = parse_endpoints(f'{{"data":{{"id":{id_},"endpoints":[]}}}}'.encode(), ModelKey.parse(asked))
            assert batch.answers_for == names

    @pytest.mark.parametrize("data", [b'{"data":{"endpoints":null}}', b'{"data":{"id":"a/b"}}', b'{"data":[]}'])
    def test_without_a_list_of_endpoints(self, data: bytes) -> None:
        with pytest.raises(ImportFailedError, match="holds no endpoints"):
            parse_endpoints(data, KIMI)

    def test_with_an_empty_list(self) -> None:
        with pytest.raises(ImportFailedError, match="no readable models"):
            models()
        with pytest.raises(ImportFailedError, match="no readable providers"):
            providers()

    def test_with_garbage_alone(self) -> None:
        with pytest.raises(ImportFailedError, match="no readable models: row 0 was skipped: it has no id"):
            models({}, None)
        with pytest.raises(ImportFailedError, match="no readable endpoints"):
            endpoints({}, None)

    def test_with_fewer_models_than_it_says(self) -> None:
        with pytest.raises(ImportFailedError, match="sent 1 of its 421 models"):
            parse_models(b'{"data":[{"id":"a/b"}],"total_count":421}')


class TestJsonThatStrictParsersRefuse:
    @pytest.mark.parametrize("odd", ["1e400", "NaN", "-Infinity"])
    def test_a_number_that_is_none_costs_its_field(self, odd: str) -> None:
        batch = parse_models(f'{{"data":[{{"id":"a/b","context_length":{odd}}},{{"id":"a/c"}}]}}'.encode())
        assert [(row.id, row.context_hint) for row in batch.rows] == [("a/b", None), ("a/c", None)]

    def test_half_an_emoji_in_a_cut_description_costs_that_character(self) -> None:
        batch = parse_models(rb'{"data":[{"id":"a/b","name":"B","description":"cut \ud83d..."},{"id":"a/\udc00"}]}')
        assert [(row.id, row.description) for row in batch.rows] == [("a/b", "cut \ufffd...")]
        assert batch.skipped == 1

    def test_bytes_that_are_no_utf_8_cost_that_character(self) -> None:
        assert parse_models(b'{"data":[{"id":"a/b","name":"B\xff"}]}').rows[0].name == "B\ufffd"


def _text(quirk: Quirk) -> str:
    return str(quirk.payload) if isinstance(quirk.payload, RawJson) else json.dumps(quirk.payload)


def _read(quirk: Quirk, before: str = "") -> Batch[Any]:
    """Import the quirk after the row `before`; that row keeps a refused one from being all there is."""
    if quirk.kind == "endpoints":
        return parse_endpoints(f'{{"data":{_text(quirk)}}}'.encode(), ModelKey.parse(quirk.asks or "quirk/x"))
    answer = f'{{"data":[{before},{_text(quirk)}]}}'.encode()
    return parse_models(answer) if quirk.kind == "model" else parse_providers(answer)


ROW_BEFORE = {
    "model": '{"id":"moonshotai/kimi-k2-0905"}',  # the id that the repeated quirk repeats
    "provider": '{"slug":"novita"}',
}
ROWS = [quirk for quirk in load_quirks() if quirk.kind in ROW_BEFORE]
ANSWERS = [quirk for quirk in load_quirks() if quirk.kind == "endpoints"]


class TestEveryQuirk:
    @pytest.mark.parametrize("quirk", ROWS, ids=lambda quirk: quirk.label)
    def test_row_is_kept_or_skipped_as_labelled(self, quirk: Quirk) -> None:
        batch = _read(quirk, ROW_BEFORE[quirk.kind])
        assert (len(batch.rows), batch.skipped) == ((2, 0) if quirk.expect == "kept" else (1, 1))

    @pytest.mark.parametrize("quirk", ANSWERS, ids=lambda quirk: quirk.label)
    def test_answer_about_endpoints_is_kept_or_refused_as_labelled(self, quirk: Quirk) -> None:
        if quirk.expect == "skipped":
            with pytest.raises(ImportFailedError):
                _read(quirk)
            return
        batch = _read(quirk)
        assert (len(batch.rows), batch.skipped) == (len(quirk.payload["endpoints"]), 0)
        assert quirk.asks is None or batch.answers_for == quirk.payload["id"]
        assert len({row.key for row in batch.rows}) == len(batch.rows)


class TestTheWholeFixture:
    def test_every_model_is_read_without_a_problem(self) -> None:
        data = (PAYLOADS / "models.json").read_bytes()
        batch = parse_models(data)
        assert len(batch.rows) == json.loads(data)["total_count"]
        assert (batch.skipped, batch.problems) == (0, ())

    def test_every_answer_about_endpoints_is_read_without_a_problem(self) -> None:
        for id_, answer in json.loads((PAYLOADS / "endpoints.json").read_bytes()).items():
            batch = parse_endpoints(json.dumps({"data": answer}).encode(), ModelKey.parse(id_))
            assert [row.key.tag for row in batch.rows] == [row["tag"] for row in answer["endpoints"]]
            assert (batch.skipped, batch.problems) == (0, ())

    def test_every_provider_is_read_without_a_problem(self) -> None:
        batch = parse_providers((PAYLOADS / "providers.json").read_bytes())
        assert (batch.skipped, batch.problems) == (0, ())
