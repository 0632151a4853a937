"""The query language in Neovim's search line: predicates, what is wrong in them, and what may stand there."""

from __future__ import annotations

import pytest
from editors.nvim_driver import Neovim

pytestmark = pytest.mark.timeout(60)


def searching(editor: Neovim) -> None:
    """Open the picker in search mode and wait for the first rows."""
    editor.command("Ploked search")
    editor.until(lambda: len(editor.floats) == 2 and "▸" in editor.floats[1], "a list of models")


def typed(editor: Neovim) -> str:
    """Return what stands in the search line."""
    return editor.floats[0].partition("\n")[0]


def menu(editor: Neovim) -> list[str]:
    """Return the words of the menu, once there is one."""
    editor.until(lambda: editor.nvim.funcs.pumvisible(), "a menu")
    return [item["word"] for item in editor.nvim.funcs.complete_info(["items"])["items"]]


def test_predicates_narrow_the_list(reader: Neovim) -> None:
    searching(reader)
    reader.keys("author:moonshotai ctx>=200k")
    reader.until(
        lambda: all("moonshotai/" in line for line in reader.floats[1].splitlines()), "only models of one author"
    )
    assert reader.floats[1]
    reader.keys("<CR>")
    reader.until_text("moonshotai/")


def test_what_is_wrong_is_said_under_its_place_and_the_rest_still_counts(reader: Neovim) -> None:
    searching(reader)
    reader.keys("kimi quantt>=fp8")
    reader.until(lambda: "     ^ " in reader.decorations, "what is wrong, below its place")
    assert "quant" in reader.decorations.split("     ^ ")[1]
    reader.until(lambda: all("imi" in line for line in reader.floats[1].splitlines()), "what the rest finds")
    assert [text for group, text in reader.highlights("kimi") if group == "PlokedProblem"] == ["quantt"]
    reader.keys("<C-u>kimi quant>=fp8")
    reader.until(lambda: "^ " not in reader.decorations, "nothing is wrong any more")
    assert "PlokedProblem" not in dict(reader.highlights("kimi"))


def test_tab_offers_what_may_stand_there_and_the_list_follows(reader: Neovim) -> None:
    searching(reader)
    reader.keys("kimi ma<Tab>")
    first, second, *_ = menu(reader)
    reader.until(lambda: typed(reader) == f"kimi {first}", "the first one")
    reader.keys("<Tab>")
    reader.until(lambda: typed(reader) == f"kimi {second}", "the next one")
    reader.keys("<CR>")
    reader.until(lambda: not reader.nvim.funcs.pumvisible(), "no menu")
    assert reader.nvim.api.get_mode()["mode"].startswith("i"), "Enter took it, and did not leave the search"
    reader.keys("<C-u>author:moonsh<Tab>")
    reader.until(lambda: typed(reader) == "author:moonshotai", "the only one that fits")
    reader.until(lambda: "moonshotai/kimi" in reader.floats[1].splitlines()[0], "what it finds")
    reader.keys("<CR>")
    reader.until_mode("n")
    reader.until_text("moonshotai/kimi")


def test_ctrl_x_ctrl_o_offers_values_behind_letters_of_several_bytes(reader: Neovim) -> None:
    searching(reader)
    reader.keys('-"é" author:m<C-x><C-o>')
    first, *others = menu(reader)
    assert others
    reader.keys("<C-y>")
    reader.until(lambda: typed(reader) == f'-"é" author:{first}', "completed")
    reader.until(lambda: all(f" {first}/" in line for line in reader.floats[1].splitlines()), "what it finds")


def test_escape_leaves_the_menu_first_and_then_the_search(reader: Neovim) -> None:
    searching(reader)
    reader.keys("ma<Tab>")
    menu(reader)
    reader.keys("<Esc>")
    reader.until(lambda: not reader.nvim.funcs.pumvisible(), "no menu")
    assert reader.nvim.api.get_mode()["mode"].startswith("i")
    reader.keys("<Esc>")
    reader.until_mode("n")
    reader.until(lambda: typed(reader) == "", "the search before")


def test_models_of_which_too_little_is_known_are_marked(reader: Neovim) -> None:
    searching(reader)
    reader.keys("kimi zdr")
    reader.until(lambda: "▸ ? " in reader.floats[1], "a question mark")
