"""Whatever the user calls a value, the generated source stays harmless."""

from __future__ import annotations

import builtins
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini.compiler.names import Names, identifier

TEXTS = st.one_of(
    st.text(),
    st.sampled_from([*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "np", "workspace"]),
    st.sampled_from(["x", "x_1", "x_1_1", "1x", "x\n", "x); import os", "ﬁt", "ſet", "µ", "K", "x\u200b", "é" * 200]),
)


def assert_harmless(name: str) -> None:
    assert name.isidentifier()
    assert name.isascii()
    assert not keyword.iskeyword(name)
    assert not keyword.issoftkeyword(name)
    assert not hasattr(builtins, name)
    assert name not in ("np", "workspace")


@given(hints=st.lists(TEXTS, max_size=20))
def test_any_texts_give_as_many_harmless_names(hints: list[str]) -> None:
    names = Names()
    given_out = [names.unique(hint) for hint in hints]
    for name in given_out:
        assert_harmless(name)
    assert len(set(given_out)) == len(hints)


@given(hints=st.lists(st.sampled_from(["x", "x_1", "x_2", "x_1_1", "x-1", "x 1"]), max_size=20))
def test_numbers_do_not_collide_with_names_that_end_in_numbers(hints: list[str]) -> None:
    names = Names()
    assert len({names.unique(hint) for hint in hints}) == len(hints)


@given(text=st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,30}[A-Za-z0-9]", fullmatch=True))
def test_a_good_name_stays(text: str) -> None:
    assert identifier(text) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("layers.0.weight", "layers_0_weight"),
        ("p['w'][0]", "p_w_0"),
        ("0", "value_0"),
        ("3d", "value_3d"),
        ("", "value"),
        ("öß", "value"),
        ("__", "value"),
        ("a" * 500, "a" * 80),
    ],
)
def test_other_texts_keep_their_letters_and_digits(text: str, name: str) -> None:
    assert identifier(text) == name


def test_a_name_that_is_taken_gets_a_number() -> None:
    names = Names()
    assert [names.unique("h") for _ in range(3)] == ["h", "h_1", "h_2"]
    assert names.unique("h_1") == "h_1_1"
    assert names.unique("sum") == "sum_1"
