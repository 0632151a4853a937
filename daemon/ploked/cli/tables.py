"""Records as readable tables, for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ploked_protocol.catalog import EndpointRecord, Freshness
from ploked_protocol.money import Money
from ploked_protocol.plans import Exclusion
from ploked_protocol.queries import SearchRow
from ploked_protocol.sweeps import SweepRow
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table

MEASURED_IN = 10_000
"""Columns: a measurement never exceeds the width that it is taken in."""


def models(rows: Iterable[SearchRow], title: str) -> Table:
    """Return one row per model, as a picker shows it."""
    table = _table(title, "id!", "name?", "context>", "tools", "in $/M>", "out $/M>")
    for row in rows:
        table.add_row(
            row.id, row.name, _tokens(row.context_hint), _tools(row.supports_tools),
            _money(row.prompt_per_1m), _money(row.completion_per_1m),
        )  # fmt: skip
    return table


def endpoints(rows: Iterable[EndpointRecord], title: str) -> Table:
    """Return one row per endpoint, prices per 1K tokens."""
    table = _table(title, "endpoint!", "quant", "in $/1K>", "out $/1K>", "context>", "tools", "up 30m>")
    for row in rows:
        table.add_row(
            row.key.tag, row.quantization or "-", _money(row.pricing.prompt_per_1k),
            _money(row.pricing.completion_per_1k), _tokens(row.context_length), _tools(row.supports_tools),
            "-" if row.uptime_30m is None else f"{row.uptime_30m:.1f} %",
        )  # fmt: skip
    return table


def exclusions(rows: Iterable[Exclusion], title: str) -> Table:
    """Return one row per excluded endpoint, with every reason."""
    table = _table(title, "endpoint!", "why not↵", style="dim")
    for row in rows:
        table.add_row(row.endpoint.key.tag, "\n".join(reason.message for reason in row.reasons))
    return table


def sweep(rows: Iterable[SweepRow], title: str, best: str | None) -> Table:
    """Return one row per request of a sweep; the best one is bold."""
    table = _table(title, "variant", "endpoint!", "ms>", "tokens>", "cost $>", "from?", "finish", "answer…")
    for row in rows:
        tokens = "-" if row.prompt_tokens is None else f"{row.prompt_tokens}+{row.completion_tokens}"
        table.add_row(
            row.label, row.tag or "routed", "-" if row.latency_ms is None else f"{row.latency_ms:.0f}", tokens,
            _money(row.cost), row.cost_source or "-", row.finish_reason or row.status,
            (row.error or row.summary or "").replace("\n", " "), style="bold green" if row.request_id == best else "",
        )  # fmt: skip
    return table


def age(freshness: Freshness) -> str:
    """Return where facts are from and how old they are."""
    if freshness.age_s is None:
        return freshness.source
    return f"{freshness.source}, {freshness.age_s:.0f} s old{', stale' if freshness.stale else ''}"


class _Fitting(Table):
    """A table without those of its `spare` columns, least wanted first, that leave no room for whole words."""

    spare: Sequence[str] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for header in self.spare:
            if Measurement.get(console, options.update(width=MEASURED_IN), self).minimum <= options.max_width:
                break
            self.columns = [column for column in self.columns if column.header != header]
        yield from super().__rich_console__(console, options)


def _table(title: str, *columns: str, style: str = "") -> Table:
    """Return an empty table. A column name that ends in `>` holds numbers, `!` ids: neither is cut, text wraps first.

    One that ends in `…` or `↵` takes what width is left; its text is cut to a line, or wrapped. One that ends in `…`
    or `?` is left out where there is no room for it.
    """
    table = _Fitting(
        title=title, title_justify="left", title_style="bold", header_style="bold cyan", row_styles=[style]
    )
    table.expand = any(column.endswith(("…", "↵")) for column in columns)
    table.spare = [column.rstrip("…?") for column in reversed(columns) if column.endswith(("…", "?"))]
    for column in columns:
        sign = column[-1]
        table.add_column(
            column.rstrip(">!…↵?"),
            justify="right" if sign == ">" else "left",
            no_wrap=sign in ">!…",
            ratio=1 if sign in "…↵" else None,
            overflow="ellipsis" if sign == "…" else "fold",
        )
    return table


def _money(amount: Money | None) -> str:
    return "-" if amount is None else str(amount)


def _tokens(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _tools(support: str) -> str:
    return {"yes": "yes", "no": "no"}.get(support, "some?")
