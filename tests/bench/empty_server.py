"""The yardstick of cold starts: pygls, and nothing else."""

from __future__ import annotations

from pygls.lsp.server import LanguageServer

LanguageServer("empty", "1").start_io()
