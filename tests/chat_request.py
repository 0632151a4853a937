"""The request schema of the upstream, as far as a plan uses it, to hold bodies against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = json.loads(Path(__file__).with_name("chat_request.schema.json").read_text(encoding="utf-8"))
Draft202012Validator.check_schema(SCHEMA)
_VALIDATOR = Draft202012Validator(SCHEMA)


def schema_problems(body: Any) -> list[str]:
    """Return what is wrong with a body, path by path; empty when the upstream would take it."""
    return [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(body)]
