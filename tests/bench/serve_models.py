"""An upstream that serves one model list, and knows no endpoints and no providers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from ploked_protocol.catalog import ModelRecord

PROVIDERS = b'{"data":[{"name":"Acme","slug":"acme"}]}'


@contextlib.contextmanager
def serving(models: Sequence[ModelRecord]) -> Iterator[str]:
    """Yield the base URL under which `models` are served as `/models` serves them."""
    answers = {"/api/v1/models": msgspec.json.encode({"data": list(map(_row, models))}), "/api/v1/providers": PROVIDERS}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            body = answers.get(self.path.partition("?")[0], b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/api/v1"
    server.shutdown()
    server.server_close()


def _row(model: ModelRecord) -> dict[str, Any]:
    price = model.pricing
    return {
        "id": model.id,
        "name": model.name,
        "canonical_slug": model.canonical_slug,
        "description": model.description,
        "created": model.created,
        "context_length": model.context_hint,
        "supported_parameters": list(model.supported_parameters or ()),
        "pricing": {
            "prompt": str(price.prompt_per_token or 0),
            "completion": str(price.completion_per_token or 0),
        },
    }
