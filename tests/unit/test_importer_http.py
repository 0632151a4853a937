"""Fetching: whatever is at the other end, one deadline, bounded memory, and an error that says what to do."""

from __future__ import annotations

import gzip
import logging
import time
import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from canned import canned, response
from ploked import __version__
from ploked.importers.base import ImportFailedError
from ploked.importers.http import Fetcher
from ploked.importers.openrouter import OpenRouterImporter
from ploked_fixtures.serve import RunningUpstream
from ploked_protocol.keys import ModelKey

NOW_S = 1_780_000_000.0
"""Wed, 28 May 2026 20:26:40 GMT."""


@asynccontextmanager
async def fetching(url: str, **options: Any) -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(url, now_s=lambda: NOW_S, **options)
    try:
        yield fetcher
    finally:
        await fetcher.aclose()


async def failure(url: str, path: str = "models", **options: Any) -> ImportFailedError:
    async with fetching(url, **options) as fetcher:
        with pytest.raises(ImportFailedError) as caught:
            await fetcher.get_json_bytes(path)
        return caught.value


async def fetched(raw: bytes) -> bytes:
    async with canned(lambda _: raw) as (url, _), fetching(url) as fetcher:
        return await fetcher.get_json_bytes("models")


async def failed(raw: bytes) -> ImportFailedError:
    async with canned(lambda _: raw) as (url, _):
        return await failure(url)


class TestTheImporter:
    async def test_brings_models_endpoints_and_providers(self, upstream: RunningUpstream) -> None:
        importer = OpenRouterImporter(Fetcher(upstream.url))
        models = await importer.refresh_models()
        endpoints = await importer.refresh_endpoints(ModelKey.parse("moonshotai/kimi-k2"))
        providers = await importer.refresh_providers()
        await importer.aclose()
        assert len(models.rows) > 400
        assert {row.key.model for row in endpoints.rows} == {"moonshotai/kimi-k2"}
        assert "moonshotai" in {row.slug for row in providers.rows}

    @pytest.mark.parametrize(
        ("id_", "path"),
        [
            ("deepseek/deepseek-r1:free", "/models/deepseek/deepseek-r1:free/endpoints"),
            ("~openai/gpt-latest", "/models/~openai/gpt-latest/endpoints"),
            ("moonshotai/kimi-k2:nitro", "/models/moonshotai/kimi-k2/endpoints"),
            ("moonshotai/kimi-k2@preset/mine", "/models/moonshotai/kimi-k2/endpoints"),
            ("what/if?not#so%2F", "/models/what/if%3Fnot%23so%252F/endpoints"),
        ],
    )
    async def test_asks_by_the_listed_id_in_the_path(self, id_: str, path: str) -> None:
        answer = response(b'{"data":{"endpoints":[{"tag":"x"}]}}')
        async with canned(lambda _: answer) as (url, requests), fetching(url) as fetcher:
            batch = await OpenRouterImporter(fetcher).refresh_endpoints(ModelKey.parse(id_))
        assert requests[0].split(b" ")[1].decode() == path
        assert batch.rows[0].key.model == id_

    async def test_knows_that_a_bare_preset_has_no_endpoints(self) -> None:
        importer = OpenRouterImporter(Fetcher("http://127.0.0.1:1"))
        assert (await importer.refresh_endpoints(ModelKey.parse("@preset/mine"))).rows == []

    async def test_skips_and_counts_rows_of_garbage(self, upstream: RunningUpstream) -> None:
        upstream.faults.add("bad-rows")
        async with fetching(upstream.url) as fetcher:
            batch = await OpenRouterImporter(fetcher).refresh_models()
        assert len(batch.rows) > 400
        assert batch.skipped > 10
        assert len(batch.problems) == 5

    async def test_reads_past_rows_that_strict_parsers_refuse(self, upstream: RunningUpstream) -> None:
        upstream.faults.add("unreadable-rows")
        async with fetching(upstream.url) as fetcher:
            batch = await OpenRouterImporter(fetcher).refresh_models()
        assert len(batch.rows) > 400

    @pytest.mark.parametrize("fault", ["empty", "empty-list", "wrong-types", "not-json", "html", "truncate", "500"])
    async def test_fails_the_refresh_on_a_bad_answer(self, upstream: RunningUpstream, fault: str) -> None:
        upstream.faults.add(fault)
        async with fetching(upstream.url) as fetcher:
            importer = OpenRouterImporter(fetcher)
            for refresh in (importer.refresh_models, importer.refresh_providers):
                with pytest.raises(ImportFailedError):
                    await refresh()


class TestWhatIsSent:
    async def test_names_ploked_and_asks_for_what_can_be_bounded(self) -> None:
        async with canned(lambda _: response(b"{}")) as (url, requests), fetching(f"{url}/api/v1/") as fetcher:
            await fetcher.get_json_bytes("models", {"limit": "1"})
        request = requests[0].decode().lower()
        assert request.startswith("get /api/v1/models?limit=1 http/1.1")
        assert f"user-agent: ploked/{__version__}" in request
        assert "accept-encoding: gzip, deflate\r\n" in request

    async def test_nothing_is_logged_at_info(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        async with canned(lambda _: response(b"{}")) as (url, _), fetching(url) as fetcher:
            await fetcher.get_json_bytes("models", {"key": "sk-secret"})
        assert "sk-secret" not in caplog.text

    async def test_this_machine_is_never_reached_through_a_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert await fetched(response(b"{}")) == b"{}"

    async def test_other_hosts_are_reached_through_the_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with canned(lambda _: response(b'{"via":"proxy"}')) as (proxy, _):
            monkeypatch.setenv("HTTP_PROXY", proxy)
            async with fetching("http://catalog.invalid/api") as fetcher:
                assert await fetcher.get_json_bytes("models") == b'{"via":"proxy"}'


class TestEncodings:
    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("gzip", gzip.compress(b'{"a":1}')),
            ("GZIP", gzip.compress(b'{"a"') + gzip.compress(b":1}")),
            ("deflate", zlib.compress(b'{"a":1}')),
            ("identity", b'{"a":1}'),
            ("identity", b'\xef\xbb\xbf\r\n {"a":1}\n'),
        ],
    )
    async def test_come_out_plain(self, encoding: str, body: bytes) -> None:
        assert await fetched(response(body, f"Content-Encoding: {encoding}")) == b'{"a":1}'

    async def test_that_were_not_asked_for_are_refused(self) -> None:
        assert "encoded as 'br'" in str(await failed(response(b"x", "Content-Encoding: br")))

    async def test_that_break_off_or_are_broken_are_refused(self) -> None:
        packed = gzip.compress(b'{"a":1}' * 100)
        assert "was cut short" in str(await failed(response(packed[:20], "Content-Encoding: gzip")))
        assert "does not inflate" in str(await failed(response(b"x" * 99, "Content-Encoding: gzip")))


class TestLimits:
    @pytest.mark.parametrize("fault", ["huge", "gzip-bomb"])
    async def test_a_body_too_large_is_not_held(self, upstream: RunningUpstream, fault: str) -> None:
        upstream.faults.add(fault, size=64 << 20)
        tracemalloc.start()
        error = await failure(upstream.url, max_body=1 << 20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert "is larger than 1 MB" in str(error)
        assert peak < 24 << 20

    async def test_an_error_body_without_end_is_not_read(self) -> None:
        error = await failed(response(b"x" * 200_000, status="500 Oops", length=10**12))
        assert error.status == 500

    async def test_one_deadline_covers_a_drip(self, upstream: RunningUpstream) -> None:
        upstream.faults.add("slow-drip", seconds=0.01)
        started = time.monotonic()
        error = await failure(upstream.url, "providers", total_timeout_s=0.5)
        assert time.monotonic() - started < 5
        assert str(error) == "127.0.0.1 gave no whole answer within 0.5 s. Try again later."


class TestRedirects:
    async def test_on_the_same_host_are_followed(self) -> None:
        def answer(path: str) -> bytes:
            return response(b'{"a":1}') if path == "/there" else response(b"", "Location: /there", status="301 Moved")

        async with canned(answer) as (url, _), fetching(url) as fetcher:
            assert await fetcher.get_json_bytes("models") == b'{"a":1}'

    async def test_without_end_are_given_up(self) -> None:
        async with canned(lambda path: response(b"", f"Location: {path}x", status="302 Found")) as (url, requests):
            assert "redirects more than 3 times" in str(await failure(url))
        assert len(requests) == 4

    async def test_to_another_host_are_refused(self, upstream: RunningUpstream) -> None:
        upstream.faults.add("redirect")
        error = await failure(upstream.url)
        assert "redirects to localhost, which is not followed" in str(error)
        assert len(upstream.log) == 1

    @pytest.mark.parametrize("target", ["http://127.0.0.1:1/", "ftp://127.0.0.1/", "http://[", "//evil.invalid/x"])
    async def test_to_anything_odd_are_refused(self, target: str) -> None:
        assert (await failed(response(b"", f"Location: {target}", status="302 Found"))).retry_after_s is None


class TestRefusals:
    async def test_say_host_status_and_what_the_upstream_said(self, upstream: RunningUpstream) -> None:
        upstream.faults.add("500")
        error = await failure(upstream.url)
        assert str(error) == "127.0.0.1 answered with HTTP 500 ('Internal Server Error'). Try again later."
        assert (error.status, error.retry_after_s) == (500, None)

    async def test_say_where_the_address_may_be_wrong(self, upstream: RunningUpstream) -> None:
        error = await failure(upstream.url, "nowhere")
        assert error.status == 404
        assert str(error).endswith(f"check the base URL ({upstream.url}).")

    @pytest.mark.parametrize(
        ("sent", "wait_s"),
        [
            ("7", 7),
            ("1.5", 1.5),
            ("Thu, 28 May 2026 20:27:40 GMT", 60),
            ("Thu, 28 May 2020 20:27:40 GMT", 0),
            ("soon", None),
            ("-3", None),
            ("", None),
            ("9" * 400, None),
        ],
    )
    async def test_carry_the_wait_that_is_asked_for(
        self, upstream: RunningUpstream, sent: str, wait_s: float | None
    ) -> None:
        upstream.faults.add("429-retry-after", retry_after=sent)
        error = await failure(upstream.url)
        assert (error.status, error.retry_after_s) == (429, wait_s)

    async def test_by_a_page_of_html_are_named(self, upstream: RunningUpstream) -> None:
        upstream.faults.add("html")
        assert "answered with HTML" in str(await failure(upstream.url))

    async def test_never_show_what_stands_in_the_url(self) -> None:
        error = await failure("http://me:s3cret@127.0.0.1:1/api?key=s3cret")
        assert "127.0.0.1 cannot be reached" in str(error)
        assert "s3cret" not in str(error)

    @pytest.mark.parametrize(
        "repeating",
        [
            response(rb'{"error":{"message":"canary\/of\u003dthe address"}}', status="401 No"),
            response(b'{"error":{"message":"canary%2Fof%3Dthe address"}}', status="401 No"),
            response(b"", "Content-Encoding: canary/of=the"),
            response(b"", "Location: http://canary%2fof%3dthe.invalid/", status="302 Found"),
            response(b"", "canary/of=the"),
            b"HTTP/1.1 canary/of=the\r\n\r\n",
        ],
        ids=["JSON", "URL", "encoding", "redirect", "header", "status"],
    )
    async def test_never_show_the_password_in_the_url_that_an_upstream_repeats(self, repeating: bytes) -> None:
        async with canned(lambda _: repeating) as (url, received):
            error = str(await failure(url.replace("//", "//me:canary%2Fof%3Dthe@")))
        assert b64encode(b"me:canary/of=the") in received[0]
        assert "127.0.0.1 " in error
        assert "canary" not in error.lower()

    @pytest.mark.parametrize("url", ["", "nonsense", "http://", "http://[bad", "http://a b/", "file:///etc/passwd"])
    async def test_of_a_base_url_that_is_none_are_ordinary_failures(self, url: str) -> None:
        assert "check the base URL" in str(await failure(url))

    async def test_after_a_reset_the_next_fetch_works(self, upstream: RunningUpstream) -> None:
        upstream.faults.add("connection-reset", times=1)
        async with fetching(upstream.url) as fetcher:
            with pytest.raises(ImportFailedError, match="cannot be reached"):
                await fetcher.get_json_bytes("providers")
            assert await fetcher.get_json_bytes("providers")

    async def test_after_closing_a_fetch_opens_anew(self, upstream: RunningUpstream) -> None:
        fetcher = Fetcher(upstream.url)
        await fetcher.get_json_bytes("providers")
        await fetcher.aclose()
        assert await fetcher.get_json_bytes("providers")
        await fetcher.aclose()
