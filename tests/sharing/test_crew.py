"""What a crew hears: everything once, whoever dies and whenever."""

from __future__ import annotations

import pytest

from ddrm_cli.sharing import Crew, Memory


class Mortal(Memory):
    """A store whose user dies when it has been asked so many things.

    Args:
        store: Where it keeps what it is told.
    """

    def __init__(self, store: Memory) -> None:
        self.store = store
        self.left = 1_000

    def _one_less(self) -> None:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1

    def set(self, key: str, value: str) -> None:
        self._one_less()
        self.store.set(key, value)

    def get(self, key: str) -> bytes:
        self._one_less()
        return self.store.get(key)

    def check(self, keys: list[str]) -> bool:
        self._one_less()
        return self.store.check(keys)

    def add(self, key: str, amount: int) -> int:
        self._one_less()
        return self.store.add(key, amount)


def heard(crew: Crew) -> list[str]:
    """What is to be told now."""
    return [news.text for news in crew.news() if not news.told]


def test_the_first_hears_of_all_and_the_others_of_none() -> None:
    store = Memory()
    first, second = Crew(store, 0, 2), Crew(store, 1, 2)
    second.end("b", "of the second")
    first.end("a", "of the first")
    assert [(news.text, news.own) for news in first.news()] == [
        ("of the first", True),
        ("of the second", False),
    ]
    assert heard(first) == heard(second) == []
    assert second.has_ended("a")
    assert not second.has_ended("c")


def test_after_a_restart_what_was_told_is_counted_and_not_told_again() -> None:
    store = Memory()
    before = Crew(store, 0, 2)
    before.end("a", "A")
    assert heard(before) == ["A"]
    before.end("b", "B")
    after = Crew(store, 0, 2)
    assert [(news.text, news.own, news.told) for news in after.news()] == [
        ("A", False, True),
        ("B", False, False),
    ]


@pytest.mark.parametrize("moment", range(4))
def test_work_of_which_the_end_was_not_heard_is_done_again_and_told_once(moment: int) -> None:
    """A process dies between any two things that it says; torchrun begins anew, or others go on."""
    for restart in (False, True):
        store = Memory()
        first = Crew(store, 0, 2)
        mortal = Mortal(store)
        second = Crew(mortal, 1, 2)
        told = heard(first)
        mortal.left = moment
        try:
            second.end("a", "A")
        except KeyboardInterrupt:
            assert moment < 3
        told += heard(first)
        survivor = Crew(store, 0, 2) if restart else first
        told += heard(survivor)
        if not survivor.has_ended("a"):
            survivor.end("a", "A")
        told += heard(survivor)
        assert told == ["A"]


def test_what_the_first_concludes_holds_for_all_and_after_a_restart() -> None:
    store = Memory()
    assert Crew(store, 0, 2).conclude(lambda: True)
    assert Crew(store, 1, 2).conclude(lambda: pytest.fail("the first has found it"))
    assert Crew(store, 0, 2).conclude(lambda: pytest.fail("it has been found before"))


@pytest.mark.parametrize("name", ["a\nb.png", "ä.png", "\udcff.png"])
def test_names_may_be_anything(name: str) -> None:
    crew = Crew(Memory())
    crew.end(name, "told")
    assert heard(crew) == ["told"]
    assert crew.has_ended(name)
