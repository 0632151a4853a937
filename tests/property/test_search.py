"""What holds of search for any catalog and any query."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from ploked.importers.openrouter import parse_models
from ploked.search.index import SearchIndex
from ploked_fixtures.catalog import PAYLOADS
from ploked_protocol.catalog import ModelRecord
from ploked_protocol.queries import SearchRow
from ploked_protocol.wire import decode

CATALOG = parse_models((PAYLOADS / "models.json").read_bytes()).rows

words = st.text("abz19", min_size=1, max_size=4)
"""Few letters, so that words meet often."""
names = st.lists(words, min_size=1, max_size=4).flatmap(
    lambda parts: st.lists(st.sampled_from("-. :_/"), min_size=len(parts), max_size=len(parts)).map(
        lambda signs: "".join(part + sign for part, sign in zip(parts, signs, strict=True))
    )
)
anything = st.one_of(names, st.text(max_size=12), names.map(str.title))
models = st.builds(
    ModelRecord,
    id=st.one_of(st.builds("{}/{}".format, words, names), anything),
    name=anything,
    source=st.just("test"),
    canonical_slug=st.none() | anything,
    description=anything,
    created=st.none() | st.integers(0, 3),
)
catalogs = st.lists(models, max_size=8)
queries = st.one_of(anything, st.lists(words, max_size=3).map(" ".join))


def index_of(rows: list[ModelRecord]) -> SearchIndex:
    index = SearchIndex()
    index.update(rows, lambda _: None)
    return index


def letters(text: str) -> str:
    """Return the letters and digits of a text, folded, as plainly as can be."""
    folded = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return "".join(char for char in folded.casefold() if char.isalnum())


@given(catalogs, queries, st.none() | st.integers(1, 3))
def test_every_answer_is_consistent(rows: list[ModelRecord], query: str, limit: int | None) -> None:
    answer = index_of(rows).search(query, limit)
    shown = [decode(bytes(row), SearchRow).id for row in answer.rows]
    assert shown == answer.ids
    assert len(shown) == (answer.total if limit is None else min(limit, answer.total))
    assert answer.total <= len(rows)


@given(catalogs, queries)
def test_a_limit_shows_the_head_of_the_whole_list(rows: list[ModelRecord], query: str) -> None:
    index = index_of(rows)
    assert index.search(query, 2).ids == index.search(query).ids[:2]


@given(catalogs, st.lists(words, min_size=1, max_size=3))
def test_a_model_whose_id_or_name_holds_every_word_is_found(rows: list[ModelRecord], typed: list[str]) -> None:
    index = index_of(rows)
    ids = index.search(" ".join(typed)).ids
    for row in rows:
        if all(word in letters(row.id) or word in letters(row.name) for word in typed):
            assert row.id in ids


@given(catalogs, words)
def test_a_model_whose_description_or_canonical_slug_holds_the_word_is_found(
    rows: list[ModelRecord], word: str
) -> None:
    ids = index_of(rows).search(word).ids
    for row in rows:
        if word in row.description or word in (row.canonical_slug or ""):
            assert row.id in ids


@given(words, st.text("abz19 -", max_size=4), st.text("abz19 -", max_size=4))
def test_what_is_called_so_comes_before_what_is_described_so(word: str, before: str, after: str) -> None:
    called = ModelRecord(id="q/q", name=before + word + after, source="test", created=1)
    described = ModelRecord(id="r/r", name="r", source="test", description=word, created=2)
    assert index_of([described, called]).search(word).ids == ["q/q", "r/r"]


@given(catalogs, st.lists(words, min_size=1, max_size=3))
def test_the_order_of_words_does_not_count(rows: list[ModelRecord], typed: list[str]) -> None:
    index = index_of(rows)
    assert index.search(" ".join(typed)).ids == index.search(" ".join(reversed(typed))).ids


@given(catalogs, queries)
def test_case_does_not_count(rows: list[ModelRecord], query: str) -> None:
    if query.isascii():
        index = index_of(rows)
        assert index.search(query.upper()).ids == index.search(query.lower()).ids


@given(st.sampled_from(CATALOG), st.data())
def test_typing_key_by_key_ends_where_pasting_does(row: ModelRecord, data: st.DataObject) -> None:
    """What earlier keys found is kept and narrowed; that must not show."""
    query = data.draw(st.sampled_from([row.id, row.name, *row.description.split()]))
    typed = _TYPED.search(query[: data.draw(st.integers(1, len(query)))])
    for end in range(1, len(query) + 1):
        typed = _TYPED.search(query[:end])
    assert typed.ids == index_of(CATALOG).search(query).ids


_TYPED = index_of(CATALOG)


@given(st.sampled_from(CATALOG), st.integers(1, 30))
def test_each_key_of_a_name_narrows_the_list(row: ModelRecord, end: int) -> None:
    longer, shorter = row.name[: end + 1], row.name[:end]
    assert set(_TYPED.search(longer).ids) <= set(_TYPED.search(shorter).ids)


@given(catalogs, catalogs, queries)
def test_an_updated_index_answers_like_a_new_one(old: list[ModelRecord], new: list[ModelRecord], query: str) -> None:
    index = index_of(old)
    index.search(query)
    rows = [*old[::2], *new]
    index.update(rows, lambda _: None)
    fresh = index_of(rows).search(query)
    answer = index.search(query)
    assert (answer.ids, list(map(bytes, answer.rows))) == (fresh.ids, list(map(bytes, fresh.rows)))


@given(catalogs, anything | st.sampled_from([row.id for row in CATALOG]))
def test_a_suggestion_is_never_the_text_itself(rows: list[ModelRecord], text: str) -> None:
    for index in (index_of(rows), _TYPED):
        suggestions = index.closest(text)
        assert text not in suggestions
        assert len(suggestions) == len(set(suggestions)) <= 3
