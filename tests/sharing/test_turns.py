"""Each piece of work is done once, by whoever is free."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from ddrm_cli.errors import UsageError
from ddrm_cli.sharing import Crew, Memory, block, claimed, parse_shard, pause, shard, turns


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_have_each_thing_once(count: int) -> None:
    for length in range(20):
        items = list(range(length))
        shards = [shard(items, number, count) for number in range(1, count + 1)]
        blocks = [block(items, rank, count) for rank in range(count)]
        assert sorted(item for each in shards for item in each) == items
        assert [item for each in blocks for item in each] == items
        for parts in (shards, blocks):
            assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "/2", "a/b", "-1/2", "1/2/3"])
def test_a_shard_is_one_of_so_many(text: str) -> None:
    assert parse_shard("2/8") == (2, 8)
    with pytest.raises(UsageError, match="2/8"):
        parse_shard(text)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_crew_does_each_piece_once(tmp_path: Path, size: int) -> None:
    results = {str(number): tmp_path / f"{number}.png" for number in range(25)}
    store, done = Memory(), list[tuple[int, str]]()
    crews = [Crew(store, rank, size) for rank in range(size)]

    def work(crew: Crew) -> None:
        with turns(results, crew, pause) as mine:
            for name in mine:
                done.append((crew.rank, name))
                crew.end(name, "")

    threads = [threading.Thread(target=work, args=(crew,)) for crew in crews]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for _, name in done) == sorted(results)
    assert not list(tmp_path.iterdir())


def test_what_another_holds_comes_last_and_what_it_leaves_is_done(tmp_path: Path) -> None:
    """Another run, which knows nothing of this one, has the first and dies with it."""
    results = {name: tmp_path / name for name in ("a", "b", "c")}
    order = list[str]()
    with claimed(results["a"]) as other:
        assert other

        def idle() -> None:
            order.append("idle")
            stack.close()

        stack = ExitStack()
        stack.enter_context(claimed(results["b"]))
        with turns(results, Crew(Memory()), idle) as mine:
            for name in mine:
                order.append(name)
                if name == "b":
                    break
    assert order == ["c", "idle", "b"]
    assert not list(tmp_path.iterdir())  # the lock of what was left in the middle, too


def test_each_begins_at_another_place(tmp_path: Path) -> None:
    results = {str(number): tmp_path / str(number) for number in range(4)}
    for rank, expected in enumerate(["0", "2"]):
        with turns(results, Crew(Memory(), rank, 2), pause) as mine:
            assert next(mine) == expected


def test_what_has_ended_is_nobodys_turn(tmp_path: Path) -> None:
    crew = Crew(Memory())
    crew.end("a", "")
    with turns({"a": tmp_path / "a", "b": tmp_path / "b"}, crew, pause) as mine:
        assert list(mine) == ["b"]
    assert crew.has_begun("b")
    assert not crew.has_begun("a")
