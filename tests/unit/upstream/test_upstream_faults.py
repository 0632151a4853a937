"""The loopback upstream through real HTTP: each fault does what its name says."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from loopback import MODEL, ask
from ploked_fixtures.faults import FAULTS
from ploked_fixtures.serve import RunningUpstream


class TestFaults:
    def test_a_fault_strikes_as_often_as_asked_and_where_asked(
        self, client: httpx.Client, upstream: RunningUpstream
    ) -> None:
        upstream.faults.add("500", path="/models", times=2)
        statuses = [client.get(path).status_code for path in ("/providers", "/models", "/models", "/models")]
        assert statuses == [200, 500, 500, 200]

    def test_an_unknown_fault_is_refused_with_the_known_ones(self, client: httpx.Client, upstream: Any) -> None:
        answer = client.post(f"{upstream.url.removesuffix('/api/v1')}/__faults", json={"fault": "gremlins"})
        assert answer.status_code == 400
        assert all(name in answer.text for name in FAULTS)

    @pytest.mark.parametrize(
        ("fault", "options", "status", "retry_after"),
        [
            ("429", {}, 429, None),
            ("429-retry-after", {}, 429, "1"),
            ("429-retry-after", {"retry_after": 30}, 429, "30"),
            ("503", {"retry_after": 2}, 503, "2"),
            ("402", {}, 402, None),
            ("500", {}, 500, None),
            ("404-availability", {}, 404, None),
        ],
    )
    def test_error_answers_have_the_shape_of_the_api(
        self, client: httpx.Client, upstream: RunningUpstream, fault: str, options: Any, status: int, retry_after: Any
    ) -> None:
        upstream.faults.add(fault, **options)
        answer = ask(client)
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
        assert answer.json()["error"]["code"] == status
        assert ("availability" in answer.json()["error"]) is (fault == "404-availability")

    @pytest.mark.parametrize(
        ("fault", "body"),
        [("html", b"<!DOCTYPE html>"), ("empty", b""), ("empty-list", b'{"data":[]}'), ("not-json", b"{this is")],
    )
    def test_a_good_status_may_carry_nonsense(
        self, client: httpx.Client, upstream: RunningUpstream, fault: str, body: bytes
    ) -> None:
        upstream.faults.add(fault)
        answer = client.get("/models")
        assert answer.status_code == 200
        assert answer.content.startswith(body)
        assert len(answer.content) < 200

    def test_wrong_types_is_json_of_another_shape(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("wrong-types")
        assert not isinstance(client.get("/models").json()["data"], list)

    def test_redirect_points_to_another_host(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("redirect")
        answer = client.get("/models")
        assert answer.status_code == 302
        assert httpx.URL(answer.headers["location"]).host != httpx.URL(upstream.url).host

    def test_connection_reset_gives_no_answer(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("connection-reset", times=1)
        with pytest.raises(httpx.ReadError):
            client.get("/models")
        assert client.get("/models").status_code == 200

    def test_a_client_that_leaves_is_waited_for_no_longer(
        self, client: httpx.Client, upstream: RunningUpstream
    ) -> None:
        upstream.faults.add("latency", seconds=60, times=1)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/models", timeout=0.1)
        until = time.monotonic() + 10
        while upstream.log[0]["status"] is None and time.monotonic() < until:
            time.sleep(0.01)
        assert upstream.log[0]["status"] == 499
        client.get("/models")
        assert upstream.log[1]["inFlight"] == 0

    def test_truncate_ends_in_the_middle(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("truncate")
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/models")

    def test_slow_drip_sends_byte_after_byte(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("slow-drip", seconds=0.02)
        started = time.monotonic()
        with client.stream("GET", "/models") as answer:
            pieces = [piece for _, piece in zip(range(10), answer.iter_raw(), strict=False)]
        assert sum(map(len, pieces)) < 50
        assert time.monotonic() - started >= 9 * 0.02

    @pytest.mark.parametrize(("fault", "sent_at_most"), [("huge", 2_200_000), ("gzip-bomb", 20_000)])
    def test_large_bodies_have_the_size_asked_for(
        self, client: httpx.Client, upstream: RunningUpstream, fault: str, sent_at_most: int
    ) -> None:
        upstream.faults.add(fault, size=2_000_000)
        with client.stream("GET", "/models") as answer:
            size = len(answer.read())
            assert size >= 2_000_000
            assert answer.num_bytes_downloaded < sent_at_most

    def test_bad_rows_leave_every_good_row_in_place(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        good = client.get("/models").json()["data"]
        upstream.faults.add("bad-rows")
        mixed = client.get("/models").json()["data"]
        assert [row for row in mixed if row in good] == good
        assert len(mixed) > len(good) + 50
        assert any(isinstance(row, str) for row in mixed)

    @pytest.mark.parametrize("path", [f"/models/{MODEL}/endpoints", "/providers"])
    def test_bad_rows_come_in_the_other_lists_too(
        self, client: httpx.Client, upstream: RunningUpstream, path: str
    ) -> None:
        good = client.get(path)
        upstream.faults.add("bad-rows")
        assert len(client.get(path).content) > len(good.content)

    def test_unreadable_rows_are_beyond_strict_parsers(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("unreadable-rows")
        text = client.get("/models").text
        assert "1e400" in text
        assert "\\ud800" in text

    @pytest.mark.parametrize("stream", [False, True])
    def test_an_error_may_come_under_a_good_status(
        self, client: httpx.Client, upstream: RunningUpstream, *, stream: bool
    ) -> None:
        upstream.faults.add("mid-stream-error")
        answer = ask(client, stream=stream)
        assert answer.status_code == 200
        assert '"code":502' in answer.text
        assert ('"finish_reason":"error"' in answer.text) is stream

    def test_no_cost_leaves_the_tokens(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("no-cost")
        usage = ask(client).json()["usage"]
        assert "cost" not in usage
        assert usage["total_tokens"] > 0

    def test_null_content_puts_the_words_into_reasoning(self, client: httpx.Client, upstream: RunningUpstream) -> None:
        upstream.faults.add("null-content")
        message = ask(client).json()["choices"][0]["message"]
        assert message["content"] is None
        assert message["reasoning"]
