"""What holds of the query language for any query and any catalog."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from ploked.search.query import (
    Columns,
    Context,
    ParsedQuery,
    checked,
    complete,
    head,
    matching,
    ordered,
    split,
    verdict,
)
from query_cases import FRAGMENTS, TODAY, Row, any_query, catalogs, columns_of, contexts, predicates, queries, rows


@given(any_query)
def test_printing_a_parsed_query_and_parsing_it_again_is_the_identity(text: str) -> None:
    query = split(text)
    again = split(str(query))
    assert again == query
    assert again.problems == ()
    assert str(again) == str(query)


@given(any_query)
def test_no_text_raises_and_every_position_lies_in_it(text: str) -> None:
    assert_placed(text)


def test_ten_thousand_strings_of_fragments_raise_nothing_and_print_what_they_say() -> None:
    chance = random.Random(4)
    for _ in range(10_000):
        text = "".join(chance.choices(FRAGMENTS, k=chance.randrange(12)))
        assert_placed(text)
        query = split(text)
        assert split(str(query)) == query


def assert_placed(text: str) -> None:
    query = split(text)
    places = [word.place for word in (*query.words, *query.excluded)]
    for condition in query.predicates:
        places += [condition.place, *(value.place for value in condition.values)]
    for start, end in (*places, *((problem.start, problem.end) for problem in query.problems)):
        assert 0 <= start <= end <= len(text)
    for start, end in places:
        assert text[start:end].strip()


@given(catalogs, queries, contexts)
def test_the_columns_answer_like_the_plain_evaluator(catalog: list[Row], text: str, context: Context) -> None:
    query = split(text)
    assert_agrees(query, catalog, columns_of(catalog), context)


@given(catalogs.filter(bool), st.data(), queries, contexts)
def test_columns_in_which_a_model_changed_answer_like_new_ones(
    catalog: list[Row], data: st.DataObject, text: str, context: Context
) -> None:
    old = columns_of(catalog)
    query = split(text)
    matching(query, old, context)
    catalog = list(catalog)
    if data.draw(st.booleans()):
        old.warm()
    new = old
    for _ in range(2):
        at = data.draw(st.integers(0, len(catalog) - 1))
        catalog[at] = (catalog[at][0], data.draw(rows)[1])
        new = new.updated(at, *catalog[at])
    assert_agrees(query, catalog, new, context)
    everything = list(range(len(catalog)))
    fresh = columns_of(catalog)
    for asked in ("provider:", "param:", "ctx>=", "tokenizer:", "to"):
        assert offered(f"{text} {asked}", new, context) == offered(f"{text} {asked}", fresh, context)
    assert ordered(everything, query.sort, new) == ordered(everything, query.sort, fresh)


def offered(text: str, columns: Columns, context: Context) -> dict[str, int]:
    """Return how many models have what may stand at the end of `text`, without what none has."""
    return {item.label: item.count for item in complete(text, None, columns, context).items if item.count}


@given(catalogs, queries, contexts)
def test_a_count_says_how_many_models_the_query_would_find_for_certain_or_nearly(
    catalog: list[Row], text: str, context: Context
) -> None:
    columns = columns_of(catalog)
    counts = offered(f"{text} provider:", columns, context)
    for name in ("deepinfra", "novita"):
        query = checked(split(f"{text} provider:{name}"), columns, context)
        answers = [verdict(query, model, served, context).answer for model, served in catalog if served]
        if query.predicates and query.predicates[-1].name == "provider":
            assert counts.get(name, 0) == len(answers) - answers.count("no")


def assert_agrees(query: ParsedQuery, catalog: list[Row], columns: Columns, context: Context) -> None:
    found = matching(query, columns, context)
    answers = [verdict(query, model, served, context).answer for model, served in catalog]
    assert found.in_order() == [row for row, answer in enumerate(answers) if answer != "no"]
    assert found.total == len(found.in_order())
    for row in found.in_order():
        assert bool(found.uncertain_rows >> row & 1) is (answers[row] == "uncertain")


@given(catalogs, any_query, predicates, contexts)
def test_another_predicate_only_narrows(catalog: list[Row], text: str, more: str, context: Context) -> None:
    columns = columns_of(catalog)
    query, narrower = split(text), split(f"{split(text)} {more}")
    narrow, wide = (set(matching(each, columns, context).in_order()) for each in (narrower, query))
    assert narrow <= wide


@given(catalogs, queries, contexts)
def test_what_is_unknown_to_the_catalog_is_told_and_does_not_empty_the_list(
    catalog: list[Row], text: str, context: Context
) -> None:
    columns = columns_of(catalog)
    query = split(f"{text} provider:nobody author:nobody,noone param:nothing")
    known = checked(query, columns, context)
    if catalog:
        without = checked(split(text), columns, context)
        assert known == without
        assert len(known.problems) >= len(without.problems) + 3
    for problem in known.problems:
        assert 0 <= problem.start <= problem.end


@given(catalogs, queries, st.none() | st.integers(1, 3))
def test_an_order_is_stable_and_its_head_is_that_of_the_whole(catalog: list[Row], text: str, limit: int | None) -> None:
    columns, keys = columns_of(catalog), split(text).sort
    whole = ordered(range(len(catalog)), keys, columns)
    assert sorted(whole) == list(range(len(catalog)))
    assert ordered(range(len(catalog)), keys, columns, limit) == whole[:limit]
    assert ordered(whole, keys, columns) == whole


@given(
    catalogs.map(lambda some: some * 8),  # no fact that is asked for depends on the id alone
    st.sampled_from(["", "sort:in", "sort:-ctx,name", "sort:new,up", "sort:p50,-in"]),
    st.none() | rows,
)
def test_few_of_many_rows_are_the_head_of_all(catalog: list[Row], text: str, change: Row | None) -> None:
    backwards = list(range(len(catalog)))[::-1]
    columns = columns_of(catalog, backwards)
    if catalog and change:
        columns = columns.updated(len(catalog) // 2, *change)
    keys, found = split(text).sort, matching(split("-author:openai"), columns, Context(TODAY))
    all_of_them = ordered(found.among(backwards), keys, columns)
    assert ordered(found.among(backwards), keys, columns, 2) == all_of_them[:2]
    assert head(found, keys, columns, 2) == all_of_them[:2]
    assert head(found, keys, columns) == all_of_them


@given(catalogs, any_query, st.data(), contexts)
def test_a_completion_stands_where_the_cursor_is_and_reads_without_a_problem(
    catalog: list[Row], text: str, data: st.DataObject, context: Context
) -> None:
    position = data.draw(st.integers(0, len(text) + 1))
    result = complete(text, position, columns_of(catalog), context)
    assert 0 <= result.start <= min(position, len(text)) <= result.end <= len(text) or not result.items
    for item in result.items:
        assert item.count is None or 0 <= item.count <= len(catalog)


@given(catalogs, queries.map(lambda text: f"{text} "), contexts)
def test_every_name_and_value_that_is_offered_can_be_taken(catalog: list[Row], text: str, context: Context) -> None:
    columns = columns_of(catalog)
    before = split(text)
    for start in ("", "provider:", "param:to", "quant>=", "ctx>=", "sort:-", "expires:", "-tokenizer:", "limit:"):
        result = complete(text + start, None, columns, context)
        for item in result.items[:10]:
            taken = text + start
            taken = taken[: result.start] + item.insert_text + taken[result.end :]
            query = split(taken)
            missing = [problem for problem in query.problems if problem.start < problem.end]
            assert len(missing) == len([each for each in before.problems if each.start < each.end])
