"""The loopback upstream through real HTTP: the catalog routes, the log, the edits, and how it is run."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest
from loopback import KEY, MODEL, ask
from ploked_fixtures.quirks import load_quirks
from ploked_fixtures.serve import RunningUpstream, running_upstream, upstream_process


class TestCatalogRoutes:
    def test_models_lists_everything_at_once(self, client: httpx.Client) -> None:
        answer = client.get("/models").json()
        assert answer["total_count"] == len(answer["data"]) > 400
        assert answer["links"] == {"next": None}

    def test_models_of_all_modalities_are_more(self, client: httpx.Client) -> None:
        everything = client.get("/models", params={"output_modalities": "all"}).json()["data"]
        texts = client.get("/models").json()["data"]
        assert everything[: len(texts)] == texts
        assert {"image"} in [set(row["architecture"]["output_modalities"]) for row in everything]

    def test_following_the_links_gives_every_row_once(self, client: httpx.Client) -> None:
        seen: list[str] = []
        page = "/models?offset=0&limit=200"
        while page:
            answer = client.get(page.removeprefix("/api/v1")).json()
            seen += [row["id"] for row in answer["data"]]
            page = answer["links"]["next"]
        assert seen == [row["id"] for row in client.get("/models").json()["data"]]

    def test_the_prefix_may_be_left_out(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        bare = upstream.url.removesuffix("/api/v1")
        assert client.get(f"{bare}/providers").json() == client.get("/providers").json()

    @pytest.mark.parametrize("path", ["z-ai/glm-5.2:free", "z-ai/glm-5.2%3Afree"])
    def test_a_variant_is_found_with_its_colon_plain_or_encoded(self, client: httpx.Client, path: str) -> None:
        answer = client.get(f"/models/{path}/endpoints")
        assert answer.json()["data"]["id"] == "z-ai/glm-5.2:free"
        assert answer.json()["data"]["endpoints"]

    @pytest.mark.parametrize("model", ["openrouter/auto", "~moonshotai/kimi-latest", "openai/gpt-5.4-mini:batch"])
    def test_what_has_no_endpoints_of_its_own_gives_an_empty_list(self, client: httpx.Client, model: str) -> None:
        answer = client.get(f"/models/{model}/endpoints")
        assert answer.status_code == 200
        assert answer.json()["data"]["endpoints"] == []

    def test_the_details_link_answers_with_the_base_model(self, client: httpx.Client) -> None:
        row = next(row for row in client.get("/models").json()["data"] if row["id"] == MODEL)
        link = row["links"]["details"].removeprefix("/api/v1")
        assert row["canonical_slug"] != MODEL
        assert client.get(link).json()["data"]["id"] == MODEL

    def test_an_unknown_model_is_not_found(self, client: httpx.Client) -> None:
        answer = client.get("/models/no/such/endpoints")
        assert answer.status_code == 404
        assert answer.json() == {"error": {"message": "Not Found", "code": 404}}

    def test_the_key_route_wants_a_key(self, client: httpx.Client) -> None:
        assert client.get("/key").status_code == 401
        assert client.get("/key", headers=KEY).json()["data"]["limit_remaining"] == 7.5

    def test_quirks_are_served_on_request(self) -> None:
        with running_upstream(quirks=True) as odd:
            ids = [row["id"] for row in httpx.get(f"{odd.url}/models", trust_env=False).json()["data"]]
            renamed = httpx.get(f"{odd.url}/models/google/gemini-2.5-pro-preview-05-06/endpoints", trust_env=False)
        kept = [q.payload["id"] for q in load_quirks() if q.kind == "model" and q.expect == "kept" and q.readable]
        assert set(kept) <= set(ids)
        assert len(ids) == len(set(ids))
        assert renamed.json()["data"]["id"] == "google/gemini-2.5-pro"


class TestObservation:
    def test_the_log_holds_what_was_sent_but_no_secret(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        ask(client, temperature=0.3, headers={"authorization": "Bearer sk-canary"})
        (entry,) = upstream.log
        assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/api/v1/chat/completions", 200)
        assert entry["body"]["temperature"] == 0.3
        assert "sk-canary" not in json.dumps(upstream.log)

    def test_the_upstream_reports_its_own_time(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("latency", seconds=0.2, times=1)
        slow, quick = client.get("/providers"), client.get("/providers")
        assert float(slow.headers["x-upstream-ms"]) >= 200
        assert float(slow.headers["x-upstream-ms"]) > float(quick.headers["x-upstream-ms"])
        assert slow.elapsed.total_seconds() * 1000 >= float(slow.headers["x-upstream-ms"])

    def test_completions_take_the_latency_asked_for(self) -> None:
        with running_upstream(latency_s=0.1, spread=1) as slow, httpx.Client(base_url=slow.url) as client:
            assert float(ask(client).headers["x-upstream-ms"]) >= 100

    def test_a_patched_price_is_served_and_billed(self) -> None:
        with running_upstream() as own, httpx.Client(base_url=own.url, trust_env=False) as client:
            tag = client.get(f"/models/{MODEL}/endpoints").json()["data"]["endpoints"][0]["tag"]
            client.get("/models")
            control = own.url.removesuffix("/api/v1")
            price = {"pricing": {"prompt": "0.5", "completion": "0.25"}}
            assert client.post(f"{control}/__patch", json={"model": MODEL, "tag": tag, "set": price}).status_code == 200
            assert client.post(f"{control}/__patch", json={"model": MODEL, "delete": True}).status_code == 200
            usage = ask(client, provider={"only": [tag]}).json()["usage"]
            assert usage["cost"] == usage["prompt_tokens"] * 0.5 + usage["completion_tokens"] * 0.25
            assert MODEL not in [row["id"] for row in client.get("/models").json()["data"]]
            assert client.post(f"{control}/__patch", json={"model": "no/such", "set": {}}).status_code == 400


class TestProcess:
    def test_it_runs_alone_and_is_steered_over_http(self) -> None:
        with upstream_process() as alone:
            alone.faults.add("429", times=1)
            alone.patch(MODEL, values={"name": "Renamed"})
            with httpx.Client(base_url=alone.url, trust_env=False) as client:
                assert [client.get("/models").status_code for _ in range(2)] == [429, 200]
                rows = client.get("/models").json()["data"]
            assert next(row["name"] for row in rows if row["id"] == MODEL) == "Renamed"
            assert [entry["fault"] for entry in alone.log] == ["429", None, None]
        with pytest.raises(httpx.ConnectError):
            httpx.get(alone.url, trust_env=False)

    def test_it_ends_with_its_standard_input(self) -> None:
        command = [sys.executable, "-m", "ploked_fixtures.serve"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
            process.stdin.close()
            assert process.wait(timeout=10) == 0
