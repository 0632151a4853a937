"""The loopback upstream through real HTTP: keys, refused bodies, routing rules and completions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from loopback import KEY, MODEL, ask, text_of
from ploked_fixtures.selection import matches
from ploked_fixtures.serve import RunningUpstream


class TestKeysAndBodies:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 401),
            ({"authorization": "Basic c2s="}, 401),
            ({"authorization": "Bearer sk-bad"}, 401),
            ({"authorization": "Bearer sk-broke"}, 402),
            (KEY, 200),
        ],
    )
    def test_the_key_decides(self, client: httpx.Client, headers: dict[str, str], status: int) -> None:
        assert ask(client, headers=headers).status_code == status

    def test_a_missing_key_gives_the_body_the_api_gives(self, client: httpx.Client) -> None:
        assert ask(client, headers={}).json() == {"error": {"message": "Missing Authentication header", "code": 401}}

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"provider": {"allow": ["novita"]}}, "'allow'"),
            ({"provider": {"only": "novita"}}, "provider.only"),
            ({"provider": {"max_price": {"tokens": 1}}}, "'tokens'"),
            ({"temperature": 2.5}, "temperature"),
            ({"temperature": "hot"}, "temperature"),
            ({"top_k": 1.5}, "top_k"),
            ({"max_tokens": 0}, "max_tokens"),
            ({"messages": []}, "messages"),
            ({"model": "no/such"}, "no/such"),
        ],
    )
    def test_a_wrong_field_is_refused_and_named(self, client: httpx.Client, fields: dict[str, Any], named: str) -> None:
        answer = ask(client, **fields)
        assert answer.status_code == 400
        assert named in answer.json()["error"]["message"]


class TestRouting:
    @pytest.mark.parametrize(
        ("entry", "tag", "expected"),
        [
            ("google-vertex", "google-vertex", True),
            ("google-vertex", "google-vertex/eu", True),
            ("google-vertex", "google-vertex/global/flex", False),
            ("google-vertex/global", "google-vertex/global/flex", False),
            ("google-vertex/global/flex", "google-vertex/global/flex", True),
            ("google-vertex/eu", "google-vertex", False),
            ("deepinfra", "deepinfra/turbo", True),
            ("deepinfra", "deepinfra/fp4", True),
            ("openai", "openai/priority", False),
            ("openai/priority", "openai/priority", True),
            ("sambanova", "sambanova-turbo", False),
            ("Display Name", "novita/fp8", True),
        ],
    )
    def test_a_slug_matches_regions_and_kinds_but_no_tier(self, entry: str, tag: str, *, expected: bool) -> None:
        assert matches(entry, {"tag": tag, "provider_name": "Display Name"}) is expected

    def test_only_pins_the_endpoint_of_a_whole_tag(self, client: httpx.Client) -> None:
        endpoints = client.get(f"/models/{MODEL}/endpoints").json()["data"]["endpoints"]
        for endpoint in endpoints:
            served = ask(client, provider={"only": [endpoint["tag"]], "allow_fallbacks": False}).json()
            assert served["provider"] == endpoint["provider_name"]

    def test_ignore_takes_the_provider_away(self, client: httpx.Client) -> None:
        first = ask(client).json()["provider"]
        assert ask(client, provider={"ignore": [first]}).json()["provider"] != first

    def test_order_comes_first_and_falls_back(self, client: httpx.Client) -> None:
        assert ask(client, provider={"order": ["deepinfra"]}).json()["provider"] == "DeepInfra"
        assert ask(client, provider={"order": ["nobody"]}).status_code == 200
        assert ask(client, provider={"order": ["nobody"], "allow_fallbacks": False}).status_code == 404

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"provider": {"only": ["nobody"]}}, "allowed_providers"),
            ({"provider": {"quantizations": ["int4"]}}, "quantization"),
            ({"provider": {"require_parameters": True}, "verbosity": "low"}, "require_parameters"),
            ({"provider": {"max_price": {"prompt": "0.0001"}}}, "max_price"),
            ({"max_tokens": 10_000_000}, "context_length"),
        ],
    )
    def test_nothing_left_says_which_constraint_did_it(
        self, client: httpx.Client, fields: dict[str, Any], constraint: str
    ) -> None:
        answer = ask(client, **fields)
        availability = answer.json()["error"]["availability"]
        assert answer.status_code == 404
        assert constraint in availability["excluded_by"]
        assert availability["requested_models"] == [MODEL]
        assert availability["affected_providers"]

    def test_without_require_parameters_an_unsupported_one_is_dropped(self, client: httpx.Client) -> None:
        assert ask(client, verbosity="low").status_code == 200

    @pytest.mark.parametrize(
        ("model", "served_by"),
        [
            ("~anthropic/claude-fable-latest", "anthropic/claude-5-fable-20260609"),
            ("openrouter/auto", "moonshotai/kimi-k2"),
            (f"{MODEL}:nitro", "deepseek/deepseek-v3.2-20251201"),
        ],
    )
    def test_aliases_routers_and_virtual_variants_lead_to_a_model(
        self, client: httpx.Client, model: str, served_by: str
    ) -> None:
        assert ask(client, model=model).json()["model"] == served_by

    def test_a_listed_model_that_nobody_serves_is_no_unknown_one(self, client: httpx.Client) -> None:
        answer = ask(client, model="openai/gpt-5.4-mini:batch")
        assert answer.status_code == 404
        assert answer.json()["error"]["availability"]["code"] == "no_endpoints"

    def test_the_next_of_models_is_tried(self, client: httpx.Client) -> None:
        answer = ask(client, model="openai/gpt-5.4-mini:batch", models=[MODEL])
        assert answer.json()["model"] == "deepseek/deepseek-v3.2-20251201"


class TestCompletions:
    def test_blank_lines_come_before_the_document(self, client: httpx.Client) -> None:
        answer = ask(client)
        assert answer.text.startswith("\n")
        assert answer.json()["id"] == answer.headers["x-generation-id"]

    def test_the_model_of_the_answer_is_the_canonical_slug(self, client: httpx.Client) -> None:
        rows = client.get("/models").json()["data"]
        assert ask(client).json()["model"] == next(r["canonical_slug"] for r in rows if r["id"] == MODEL)

    def test_the_cost_is_tokens_times_the_price_of_the_endpoint(self, client: httpx.Client) -> None:
        endpoint = client.get(f"/models/{MODEL}/endpoints").json()["data"]["endpoints"][-1]
        usage = ask(client, provider={"only": [endpoint["tag"]]}).json()["usage"]
        price = {key: Decimal(endpoint["pricing"][key]) for key in ("prompt", "completion")}
        cost = price["prompt"] * usage["prompt_tokens"] + price["completion"] * usage["completion_tokens"]
        assert usage["cost"] == float(cost) > 0
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]

    def test_the_same_request_gets_the_same_text(self, client: httpx.Client) -> None:
        assert text_of(ask(client, temperature=0.7, seed=1)) == text_of(ask(client, temperature=0.7, seed=1))

    @pytest.mark.parametrize("other", [{"seed": 2}, {"temperature": 0.8}, {"top_p": 0.5}])
    def test_another_parameter_gets_another_text(self, client: httpx.Client, other: dict[str, Any]) -> None:
        base: dict[str, Any] = {"temperature": 0.7, "seed": 1}
        assert text_of(ask(client, **{**base, **other})) != text_of(ask(client, **base))

    def test_at_temperature_zero_the_seed_changes_nothing(self, client: httpx.Client) -> None:
        assert text_of(ask(client, temperature=0, seed=1)) == text_of(ask(client, temperature=0, seed=2))

    def test_heat_makes_the_text_longer(self, client: httpx.Client) -> None:
        lengths = [len(text_of(ask(client, temperature=t))) for t in (0, 1, 2)]
        assert lengths == sorted(lengths)
        assert lengths[0] < lengths[2]

    def test_max_tokens_cuts_the_text(self, client: httpx.Client) -> None:
        answer = ask(client, max_tokens=5).json()
        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["usage"]["completion_tokens"] <= 5

    def test_a_demanded_tool_is_called_without_content(self, client: httpx.Client) -> None:
        tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
        choice = ask(client, tools=tools, tool_choice="required").json()["choices"][0]
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["content"] is None
        assert choice["message"]["tool_calls"][0]["function"]["name"] == "weather"

    def test_a_stream_says_the_same_in_pieces(self, client: httpx.Client) -> None:
        answer = ask(client, stream=True)
        lines = [line for line in answer.text.split("\n\n") if line.strip()]
        events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
        assert lines[0] == ": OPENROUTER PROCESSING"
        assert lines[-1] == "data: [DONE]"
        assert "".join(e["choices"][0]["delta"].get("content") or "" for e in events) == text_of(ask(client))
        assert events[-1]["usage"]["cost"] > 0
        assert events[-1]["choices"][0]["finish_reason"] == "stop"


class TestMetadata:
    ASKED = {**KEY, "x-openrouter-metadata": "enabled"}

    def test_it_is_there_when_it_was_asked_for(self, client: httpx.Client) -> None:
        assert "openrouter_metadata" not in ask(client).json()
        answer = ask(client, headers=self.ASKED).json()
        found = answer["openrouter_metadata"]
        (selected,) = [each for each in found["endpoints"]["available"] if each["selected"]]
        assert (selected["provider"], selected["model"]) == (answer["provider"], answer["model"])
        assert (found["attempt"], found["attempts"][0]["status"], found["is_byok"]) == (1, 200, False)

    def test_in_a_stream_it_comes_with_the_usage(self, client: httpx.Client) -> None:
        events = ask(client, headers=self.ASKED, stream=True).text.split("\n\n")
        (last,) = [event for event in events if "openrouter_metadata" in event]
        assert '"usage"' in last

    @pytest.mark.parametrize("only", [["novita/fp8"], None])
    def test_a_misrouted_request_is_served_by_a_provider_that_it_does_not_admit(
        self, client: httpx.Client, upstream: RunningUpstream, only: list[str] | None
    ) -> None:
        providers = {"only": only} if only else {}
        right = ask(client, headers=self.ASKED, provider=providers).json()
        upstream.faults.add("misroute", times=1)
        wrong = ask(client, headers=self.ASKED, provider=providers).json()
        assert wrong["provider"] != right["provider"]
        assert wrong["openrouter_metadata"]["endpoints"]["available"][0]["provider"] == wrong["provider"]

    def test_another_model_another_price_and_a_second_attempt(
        self, client: httpx.Client, upstream: RunningUpstream
    ) -> None:
        right = ask(client, headers=self.ASKED).json()
        for fault in ("other-model", "other-price", "retried"):
            upstream.faults.add(fault, times=1)
        model, price, retried = (ask(client, headers=self.ASKED).json() for _ in range(3))
        assert model["model"] != right["model"]
        assert price["usage"]["cost"] == 2 * right["usage"]["cost"]
        assert [each["status"] for each in retried["openrouter_metadata"]["attempts"]] == [503, 200]
