"""What took the place of ids that the model list names no more. No IO.

Two facts say so: the upstream answers for the endpoints of an old id with those of another (`data.id`), or an id went
off the list while another one that is on it goes by the same canonical slug. Either is known for a moment only, when
the answer comes, so both are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ploked_protocol.catalog import ModelRecord, SuccessorRecord


class Successors:
    """Successors by id, over any number of steps: an id that took another's place may be gone by now."""

    def __init__(self) -> None:
        self._rows: dict[str, SuccessorRecord] = {}

    @property
    def rows(self) -> list[SuccessorRecord]:
        """Return all that is known, oldest first."""
        return list(self._rows.values())

    def restore(self, rows: Iterable[SuccessorRecord]) -> None:
        """Take what a store kept."""
        self._rows = {row.id: row for row in rows}

    def take(self, row: SuccessorRecord) -> bool:
        """Take one fact; returns whether it is news."""
        known = self._rows.get(row.id)
        self._rows[row.id] = row
        return known != row

    def take_removed(self, removed: Collection[ModelRecord], listed: Sequence[ModelRecord]) -> bool:
        """Take for each `removed` model the one of `listed` that goes by its canonical slug, in the same variant."""
        wanted = {_kin(row): None for row in removed if row.canonical_slug}
        now = {kin: row.id for row in reversed(listed) if wanted and (kin := _kin(row)) in wanted}
        found = [(row, now[kin]) for row in removed if (kin := _kin(row)) in now]
        news = [self.take(SuccessorRecord(row.id, successor, row.source)) for row, successor in found]
        return any(news)

    def of(self, id_: str, listed: Collection[str]) -> str | None:
        """Return the id in `listed` that took the place of `id_`; None where `id_` is listed, or nothing is known."""
        passed = {id_}
        while id_ not in listed:
            row = self._rows.get(id_)
            if row is None or row.successor in passed:
                return None
            id_ = row.successor
            passed.add(id_)
        return id_ if len(passed) > 1 else None


def _kin(row: ModelRecord) -> tuple[str | None, str]:
    return row.canonical_slug, row.id.partition(":")[2]
