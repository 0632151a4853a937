"""What a row says of an answer, whatever the answer is."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from captures import captured, requires_captures
from ploked.secret import Secret
from ploked.sweeps.grid import PlannedRequest
from ploked.sweeps.outcome import Reply, read_reply
from ploked.sweeps.policy import stopping, wait_s
from ploked_protocol.catalog import PriceOverride, Pricing
from ploked_protocol.money import Money
from ploked_protocol.sweeps import SweepRow
from sweep_cases import endpoint

PRICED = Pricing.per_token(
    Money("0.000001"),
    Money("0.000002"),
    other={"request": Money("0.5")},
    overrides=(
        PriceOverride(min_prompt_tokens=100, prices={"prompt": Money("0.00001")}),
        PriceOverride(utc_start=100, utc_end=200, prices={"prompt": Money(9)}),
    ),
)
STAMP = "2026-05-28T20:26:40.000+00:00"


def read(body: object, pricing: Pricing | None = PRICED, **reply: Any) -> SweepRow:
    """Return the row of an answer: JSON of `body`, or its bytes as they are."""
    pinned = endpoint("novita/fp8", pricing=pricing) if pricing is not None else None
    request = PlannedRequest("id", "seed=1", {"seed": 1}, "novita/fp8", {}, pinned)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_reply(request, Reply(**{"status": 200, "body": raw, "latency_ms": 12.5, **reply}), STAMP)


def completion(usage: object = None, **message: object) -> dict[str, Any]:
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": "hi", **message}}
    return {"provider": "NovitaAI", "model": "moonshotai/kimi-k2-0711", "choices": [choice], "usage": usage}


class TestACompletion:
    def test_is_a_row_with_all_that_was_asked(self) -> None:
        usage = {"prompt_tokens": 16, "completion_tokens": 13, "cost": 0.000081}
        assert read(completion(usage, content=" 2 + 2\n= 4 ")) == SweepRow(
            request_id="id",
            label="seed=1",
            params={"seed": 1},
            tag="novita/fp8",
            status="ok",
            latency_ms=12.5,
            prompt_tokens=16,
            completion_tokens=13,
            cost=Money("0.000081"),
            cost_source="reported",
            finish_reason="stop",
            summary="2 + 2 = 4",
            served_by="NovitaAI",
            served_model="moonshotai/kimi-k2-0711",
            finished_at=STAMP,
        )

    @pytest.mark.parametrize(
        ("message", "summary"),
        [
            ({"content": "x" * 999}, "x" * 200),
            ({"content": None, "reasoning": "let me see"}, "[reasoning only] let me see"),
            (
                {"content": "", "tool_calls": [{"function": {"name": "f", "arguments": '{"a":1}'}}]},
                '[calls f({"a":1})]',
            ),
            ({"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"text": "b"}]}, "ab"),
            ({"content": None, "refusal": "I will not"}, "I will not"),
            ({"content": None}, None),
            ({"content": "\x1b[2J\x07ok"}, "[2J ok"),
            ({"content": 7}, None),
        ],
    )
    def test_shows_its_first_characters_or_what_came_in_their_place(self, message: Any, summary: str) -> None:
        row = read(completion(**message))
        assert (row.status, row.summary) == ("ok", summary)

    def test_in_parts_puts_no_secret_together(self) -> None:
        Secret("canaryInParts")
        parts = [{"type": "text", "text": "It is canaryIn"}, {"type": "text", "text": "Parts."}]
        assert read(completion(content=parts)).summary == "It is ***."

    def test_with_half_an_emoji_is_read(self) -> None:
        assert read(rb'{"choices":[{"message":{"content":"half \ud83d"}}]}').summary == "half \ufffd"


class TestCost:
    def test_that_is_reported_wins_even_when_it_is_nothing(self) -> None:
        row = read(completion({"prompt_tokens": 1, "completion_tokens": 1, "cost": 0}))
        assert (str(row.cost), row.cost_source) == ("0", "reported")

    def test_is_else_estimated_from_the_listed_price(self) -> None:
        row = read(completion({"prompt_tokens": 10, "completion_tokens": 5}))
        assert (str(row.cost), row.cost_source) == ("0.50002", "estimated")

    def test_is_estimated_by_the_price_of_the_hour(self) -> None:
        evening = PriceOverride(utc_start=2000, utc_end=2100, prices={"prompt": Money("0.01")})
        pricing = msgspec.structs.replace(PRICED, overrides=(evening,))
        row = read(completion({"prompt_tokens": 10, "completion_tokens": 5}), pricing=pricing)
        assert str(row.cost) == "0.60001"

    def test_is_estimated_with_what_was_read_from_the_cache(self) -> None:
        pricing = msgspec.structs.replace(PRICED, other={"input_cache_read": Money("0.0000001")})
        used = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 10}}
        assert str(read(completion(used), pricing=pricing).cost) == "0.000011"

    def test_of_a_long_prompt_is_estimated_from_its_override(self) -> None:
        row = read(completion({"prompt_tokens": 101, "completion_tokens": 0}))
        assert str(row.cost) == "0.50101"

    @pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 10}, {"cost": -1}, {"cost": "free"}, [], 7])
    def test_is_unknown_never_nothing_without_tokens(self, usage: object) -> None:
        row = read(completion(usage))
        assert (row.cost, row.cost_source) == (None, None)

    @pytest.mark.parametrize("pricing", [None, Pricing(), Pricing(varies=True)])
    def test_is_unknown_without_a_price(self, pricing: Pricing | None) -> None:
        row = read(completion({"prompt_tokens": 10, "completion_tokens": 5}), pricing)
        assert (row.cost, row.cost_source, row.prompt_tokens) == (None, None, 10)


class TestAnError:
    @pytest.mark.parametrize(
        ("body", "reply", "says"),
        [
            ({"error": {"message": "Not Found", "code": 404}}, {"status": 404}, "HTTP 404: Not Found"),
            (b"<html>", {"status": 502}, "HTTP 502: the upstream gave no reason"),
            (b"<html>", {}, "the answer is not JSON"),
            (b"", {}, "the answer is not JSON"),
            (b'{"choices": [', {}, "the answer is not JSON"),
            (b"[" * 100_000, {}, "the answer is not JSON"),
            ({"data": []}, {}, "the answer holds no completion"),
            ([], {}, "the answer holds no completion"),
            ({"choices": [7]}, {}, "the answer holds no completion"),
            (b"", {"status": None, "problem": "no whole answer within 5 s"}, "no whole answer within 5 s"),
            ({"error": {}}, {}, "the upstream failed after it began to answer: it gave no reason"),
            ({"choices": [{"finish_reason": "error"}]}, {}, "the upstream failed while it wrote the answer"),
        ],
    )
    def test_says_what_happened(self, body: object, reply: dict[str, Any], says: str) -> None:
        row = read(body, **reply)
        assert (row.status, row.error) == ("error", says)

    def test_after_the_answer_began_keeps_what_was_billed(self) -> None:
        broken = {**completion({"prompt_tokens": 3, "completion_tokens": 2, "cost": 0.1}), "error": {"message": "Gone"}}
        row = read(broken)
        assert row.error == "the upstream failed after it began to answer: Gone"
        assert str(row.cost) == "0.1"

    def test_of_a_provider_is_quoted(self) -> None:
        body = {"error": {"message": "Provider returned error", "metadata": {"raw": "context\ntoo long"}}}
        assert read(body, status=400).error == "HTTP 400: Provider returned error (context too long)"


@requires_captures
class TestRealAnswers:
    @pytest.mark.parametrize(
        ("name", "finish", "tokens", "cost"),
        [
            ("basic", "stop", (16, 13), "0.000081"),
            ("tools", "tool_calls", (633, 75), "0.001008"),
            ("json-schema", "stop", (181, 12), "0.000241"),
            ("top-k", "stop", (28, 12), "0.000088"),
        ],
    )
    def test_are_read_past_the_blank_lines(self, name: str, finish: str, tokens: tuple[int, int], cost: str) -> None:
        row = read(captured(f"openrouter/chat/{name}.response.json").read_bytes())
        assert (row.status, row.error, row.finish_reason) == ("ok", None, finish)
        assert (row.prompt_tokens, row.completion_tokens) == tokens
        assert (str(row.cost), row.cost_source) == (cost, "reported")
        assert row.summary

    @pytest.mark.parametrize("name", ["error-400-context", "error-401", "error-404-no-tools", "error-404-not-found"])
    def test_that_are_errors_are_quoted(self, name: str) -> None:
        status = int(name.split("-")[1])
        row = read(captured(f"openrouter/chat/{name}.response.json").read_bytes(), status=status)
        assert row.error is not None
        assert row.error.startswith(f"HTTP {status}: ")
        assert "no reason" not in row.error


class TestTrying:
    @pytest.mark.parametrize("status", [408, 429, 502, 503, 529])
    def test_again_is_for_what_may_pass(self, status: int) -> None:
        waits = [wait_s(Reply(status=status), attempt, 1.0, 0.0) for attempt in range(3)]
        assert waits == [1.0, 2.0, None]

    @pytest.mark.parametrize("status", [None, 200, 302, 400, 401, 402, 403, 404, 413, 422, 500, 524])
    def test_again_is_not_for_the_rest(self, status: int | None) -> None:
        assert wait_s(Reply(status=status), 0, 1.0, 0.0) is None

    def test_again_waits_as_long_as_is_asked_up_to_a_point_and_spread(self) -> None:
        assert wait_s(Reply(status=429, retry_after_s=7), 0, 1.0, 0.0) == 7
        assert wait_s(Reply(status=429, retry_after_s=0), 0, 1.0, 0.5) == 0
        assert wait_s(Reply(status=429, retry_after_s=3600), 0, 1.0, 0.0) == 30
        assert wait_s(Reply(status=429, retry_after_s=8), 0, 1.0, 0.5) == 9

    @pytest.mark.parametrize("status", [401, 402, 403])
    def test_on_is_pointless_once_the_key_is_refused(self, status: int) -> None:
        why = stopping(Reply(status=status, body=b'{"error":{"message":"User not found."}}'))
        assert why is not None
        assert why.endswith(f"(HTTP {status}: User not found.).")
        assert stopping(Reply(status=404)) is None
