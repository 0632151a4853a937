"""What holds of search for any catalog and any query."""

from __future__ import annotations

import random
import unicodedata
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st
from ploked.importers.openrouter import parse_models
from ploked.search.bits import bits_of, flags_of, rows_of
from ploked.search.index import SearchIndex
from ploked.search.text import query_words, squashed_places
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


# order


@given(catalogs, queries, st.randoms(use_true_random=False))
def test_the_order_is_total_and_does_not_depend_on_what_was_searched_before(
    rows: list[ModelRecord], query: str, chance: random.Random
) -> None:
    fresh = index_of(rows).search(query).ids
    used = index_of(rows)
    for other in chance.sample(["a", "b", query[:1], query[:2], query[::-1], "ab 1"], 3):
        used.search(other, 1)
    assert used.search(query).ids == used.search(query).ids == fresh


@given(st.lists(st.none() | st.integers(0, 3), max_size=6))
def test_equals_are_listed_newest_first_then_as_the_catalog_lists_them(ages: list[int | None]) -> None:
    twins = [ModelRecord(id=f"a/corn-{at}", name="Corn", source="s", created=age) for at, age in enumerate(ages)]
    order = sorted(range(len(ages)), key=lambda at: -(ages[at] or 0))
    assert index_of(twins).search("corn").ids == [f"a/corn-{at}" for at in order]


@given(catalogs, st.lists(words, min_size=1, max_size=3), st.data())
def test_likes_change_the_order_among_equals_and_nothing_else(
    rows: list[ModelRecord], typed: list[str], data: st.DataObject
) -> None:
    query, index = " ".join(typed), index_of(rows)
    tiers = index.held.ranking.match(query_words(query)).tiers
    before = [index.held.ids[place] for tier in tiers for place in rows_of(tier)]
    liked = data.draw(st.lists(st.sampled_from(before), max_size=3)) if before else []
    for id_ in liked:
        index.picks.record(id_, "", 0)
    after = index.search(query).ids
    sizes = [tier.bit_count() for tier in tiers]
    assert [sorted(part) for part in parts(after, sizes)] == [sorted(part) for part in parts(before, sizes)]


def parts(ids: list[str], sizes: list[int]) -> list[list[str]]:
    rest = iter(ids)
    return [list(islice(rest, size)) for size in sizes]


@given(st.sampled_from(CATALOG), st.data())
def test_every_word_of_a_query_is_in_every_row_that_it_finds(row: ModelRecord, data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.sampled_from(letters_of(row)), min_size=1, max_size=3))
    answer = _TYPED.search(" ".join(texts))
    assert row.id in answer.ids
    alone = [set(_TYPED.search(text).ids) for text in texts]
    assert set(answer.ids) == set.intersection(*alone)


def letters_of(row: ModelRecord) -> list[str]:
    """Return starts, middles and ends of what a model is called."""
    called = [part for part in row.id.replace("/", " ").replace("-", " ").split() if part.isalnum()]
    return sorted({part[start:end] for part in called for start in (0, 1) for end in (2, 3, 9) if part[start:end]})


@given(catalogs, words)
def test_marked_letters_spell_the_word(rows: list[ModelRecord], word: str) -> None:
    index = index_of(rows)
    answer = index.search(word, highlight=True)
    for id_, raw in zip(answer.ids, answer.rows, strict=True):
        row = decode(bytes(raw), SearchRow)
        assert row.matches is not None
        for text, spans in ((row.id, row.matches.id), (row.name, row.matches.name)):
            edges = [edge for span in spans for edge in span]
            assert edges == sorted(set(edges))  # in order, none empty, none touching the next
            assert all(0 <= edge <= len(text) for edge in edges)
            spelled = letters("".join(text[start:end] for start, end in spans))
            taken = [word, *slips_of(word, index)]
            # One character may stand for several letters, as 1/4 in one does, and a slip for several words at once.
            exact = text.isascii() and len(taken) <= 2
            assert not spans or (spelled in taken if exact else any(each in spelled for each in taken))
        if word in letters(row.id):
            assert row.matches.id, id_


def slips_of(word: str, index: SearchIndex) -> list[str]:
    """Return what `word` was taken for."""
    return [taken.squashed for taken in index.held.ranking.match(query_words(word)).words]


@given(st.text(max_size=12))
def test_every_letter_that_is_searched_has_its_place_in_the_text(text: str) -> None:
    places = squashed_places(text)
    assert places == sorted(places)
    assert all(0 <= place < len(text) for place in places)
    assert len(places) == len("".join(query_words([text])[0].squashed if query_words([text]) else ""))


@given(st.sets(st.integers(0, 300)), st.integers(301, 400))
def test_a_set_of_rows_gives_back_its_rows(rows: set[int], count: int) -> None:
    bits = bits_of(rows, count)
    assert list(rows_of(bits)) == sorted(rows)
    assert [row for row, is_in in enumerate(flags_of(bits, count)) if is_in] == sorted(rows)
    assert bits.bit_count() == len(rows)
