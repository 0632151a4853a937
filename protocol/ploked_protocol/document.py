"""`PROTOCOL.md` and `schema.json`, written from the method table: `python -m ploked_protocol.document DIR`."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from . import PROTOCOL_VERSION, catalog, errors, keys, methods, picks, plans, preferences, queries, searching, sweeps
from .methods import METHODS, Method
from .schema import schema

SOURCES: tuple[ModuleType, ...] = (
    methods,
    keys,
    catalog,
    preferences,
    plans,
    searching,
    queries,
    picks,
    sweeps,
    errors,
)
EXAMPLES = Path(__file__).parent / "examples.json"
"""One real exchange per method: `{name: {params, result}}`; a test decodes each."""

INTRO = """# The ploked protocol, version {version}

<!-- written by `python -m ploked_protocol.document protocol`; source hash {digest} -->

JSON-RPC 2.0 with the framing of the Language Server Protocol. After `initialize` and `initialized`, a client
may send the requests below beside those of LSP. Every request is also a `workspace/executeCommand`: the command
in its section, with the params object as the only argument. Requests marked *slow* take a `workDoneToken` in
their params, report work-done progress and can be cancelled with `$/cancelRequest`. A request marked *supersedes*
ends, where there are more than 8,000 models, an earlier one of its method that the same client still waits for and that
is being worked on: that one is answered with the error -32800, RequestCancelled, as if the client had cancelled it.
Those that edit `config.toml` do so through `workspace/applyEdit` where the client has the file open, so that the user
can undo it, else atomically on disk.

Plans follow `config.toml` as it is saved. A client that has it open with unsaved changes may send its buffer as
`configText` with `routePlan` and `effectiveProfile`, and with `preferencesDiff` to see what saving it would do. Nothing
is kept of such a text.

Names are camelCase, except LLM parameters (`top_p`, as in the chat-completions body) and preferences (as in
`config.toml`). Money is a decimal string in plain notation, in US dollars. Durations carry their unit. Fields may
be added in later versions, never renamed: ignore those you do not know.

"""


def digest() -> str:
    """Return a hash over the source of every module that shapes the wire."""
    text = "".join(inspect.getsource(module) for module in SOURCES)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def protocol_md() -> str:
    """Return PROTOCOL.md: one section per method, the query language, one section per record, and the errors."""
    parts = [INTRO.format(version=PROTOCOL_VERSION, digest=digest()), "## Methods\n\n"]
    parts += [_method(method) for method in METHODS]
    parts += [searching.query_language_md()]
    parts += ["## Records\n\n", *(_record(kind) for kind in _records())]
    parts += ["## Errors\n\n", _errors()]
    return "".join(parts)


def schema_json() -> str:
    """Return schema.json."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"


def _method(method: Method[Any, Any]) -> str:
    arrow = "client to daemon" if method.direction == "request" else "daemon to client"
    notes = [f"*{method.direction}*, {arrow}", f"since {method.since}"]
    notes += ["slow"] if method.slow else []
    notes += ["edits config.toml"] if method.edits else []
    notes += ["supersedes"] if method.supersedes else []
    notes += [f"command `{method.command}`"] if method.command else []
    lines = [f"### `{method.name}`\n\n{method.summary}\n\n{', '.join(notes)}\n\n"]
    lines.append(f"**Params** {inspect.getdoc(method.params)}\n\n{_fields(method.params)}")
    if method.result is not type(None):
        lines.append(f"**Result** {inspect.getdoc(method.result)}\n\n{_fields(method.result)}")
    if example := _examples().get(method.name):
        lines += [
            f"**{key.capitalize()} example**\n\n```json\n{_pretty(value)}\n```\n\n" for key, value in example.items()
        ]
    return "".join(lines)


def _record(kind: type) -> str:
    return f'### {kind.__name__}\n\n<a id="{kind.__name__}"></a>{inspect.getdoc(kind)}\n\n{_fields(kind)}'


def _fields(kind: type) -> str:
    fields = msgspec.structs.fields(kind)
    if not fields:
        return ""
    docs = _field_docs(kind)
    rows = [
        f"| `{f.encode_name}`{'' if f.required else '?'} | {_type(kind, f.name)} | {docs.get(f.name, '')} |"
        for f in fields
    ]
    return "\n".join(["| field | type | |", "|---|---|---|", *rows]) + "\n\n"


def _type(kind: type, name: str) -> str:
    """Return the annotation of a field as it stands in the source, with records linked."""
    text = next(base.__annotations__[name] for base in kind.__mro__ if name in base.__annotations__)
    source = text if isinstance(text, str) else text.__name__
    shown = source.replace("|", "\\|")
    links = [record.__name__ for record in _records() if record.__name__ in source]
    return f"`{shown}`" + "".join(f" [{link}](#{link.lower()})" for link in links)


@cache
def _field_docs(kind: type) -> dict[str, str]:
    """Return the string that stands below each field in the source."""
    body = [part for top in ast.parse(inspect.getsource(kind)).body for part in getattr(top, "body", [])]
    docs = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            docs[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return docs


@cache
def _records() -> list[type]:
    """Return every record that is no method's params or result, in the order of its module."""
    tops = {kind for method in METHODS for kind in (method.params, method.result)}
    found = [value for module in SOURCES for value in vars(module).values() if _is_record(value, module)]
    return [kind for kind in found if kind not in tops]


def _is_record(value: object, module: ModuleType) -> bool:
    own = isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__
    return own and bool(msgspec.structs.fields(value))  # type: ignore[arg-type]  # `own` has narrowed it


def _errors() -> str:
    rows = [f"| `{kind.code}` | {kind.__name__} | {inspect.getdoc(kind)} |" for kind in errors.ERRORS]
    head = "Every error carries a message for people, and `data` as [ErrorData](#errordata).\n\n"
    return head + "\n".join(["| code | name | meaning |", "|---|---|---|", *rows]) + "\n"


@cache
def _examples() -> dict[str, dict[str, Any]]:
    return json.loads(EXAMPLES.read_text(encoding="utf-8")) if EXAMPLES.exists() else {}


def _pretty(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def main() -> None:
    """Write both files into the folder named on the command line."""
    folder = Path(sys.argv[1])
    (folder / "PROTOCOL.md").write_text(protocol_md(), encoding="utf-8")
    (folder / "schema.json").write_text(schema_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
