"""A class is a number or a name; what is neither is answered with what is near."""

from __future__ import annotations

import pytest

from ddrm_cli.errors import UnknownNameError, UsageError
from ddrm_cli.weights.classes import class_names, describe_class, find_class


def test_names_are_imagenets_in_the_order_of_the_labels() -> None:
    assert len(class_names()) == 1000
    for label, name in ((0, "tench"), (281, "tabby"), (980, "volcano"), (999, "toilet tissue")):
        assert class_names()[label][0] == name


@pytest.mark.parametrize(
    ("text", "label"), [("281", 281), ("tabby cat", 281), (" Tabby ", 281), ("0", 0)]
)
def test_a_class_is_a_number_or_any_of_its_names(text: str, label: int) -> None:
    assert find_class(text, 1000) == label


def test_a_name_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="tabby cat"):
        find_class("tabby cut", 1000)
    with pytest.raises(UnknownNameError, match=r"Persian cat|tabby cat|tiger cat") as caught:
        find_class("cat", 1000)
    assert "cat" in caught.value.hint


def test_a_name_of_several_classes_asks_for_the_number() -> None:
    with pytest.raises(UsageError, match=r"134 \(.*517"):
        find_class("crane", 1000)


def test_numbers_and_names_stay_within_the_model() -> None:
    with pytest.raises(UsageError, match="0 to 999"):
        find_class("1000", 1000)
    with pytest.raises(UsageError, match="no names here"):
        find_class("tabby", 10)
    assert describe_class(281, 1000) == "281 (tabby)"
    assert describe_class(3, 10) == "3"
