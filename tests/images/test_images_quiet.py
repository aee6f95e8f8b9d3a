"""Decoding pictures changes nothing of the process, however many threads do it at once."""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddrm_cli.errors import ImageReadError
from ddrm_cli.images.picture import Picture
from ddrm_cli.images.quiet import Borrowed, quiet_pillow
from ddrm_cli.images.reading import read_picture

PATIENCE = 60  # seconds until a barrier that waits in vain fails the test instead of hanging it


def in_threads(*tasks: Callable[[], None]) -> None:
    """Run all tasks at once; the first error of any is raised here."""
    errors: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_readers_that_overlap_leave_the_process_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second comes while the first is inside, and goes after it: the order in which what one
    # thread saves is what the other has changed.
    Image.new("L", (4, 3)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    before = list(warnings.filters)
    first_inside, second_inside, first_gone = (threading.Event() for _ in range(3))
    steps = {"first": (first_inside, second_inside), "second": (second_inside, first_gone)}
    real_open = Image.open

    def opening(*arguments: Any, **options: Any) -> Image.Image:
        here, then = steps[threading.current_thread().name]
        here.set()
        assert then.wait(PATIENCE)
        assert Image.MAX_IMAGE_PIXELS is None
        return real_open(*arguments, **options)

    monkeypatch.setattr(Image, "open", opening)

    def first() -> None:
        threading.current_thread().name = "first"
        read_picture(tmp_path / "a.png")
        first_gone.set()

    def second() -> None:
        threading.current_thread().name = "second"
        assert first_inside.wait(PATIENCE)
        read_picture(tmp_path / "a.png")

    in_threads(first, second)
    assert Image.MAX_IMAGE_PIXELS == 1000
    assert list(warnings.filters) == before


def test_many_readers_are_quiet_and_each_hears_its_own() -> None:
    count = 16
    before = (Image.MAX_IMAGE_PIXELS, list(warnings.filters))
    barrier = threading.Barrier(count)

    def reader(number: int) -> None:
        for _ in range(20):
            barrier.wait(PATIENCE)
            with quiet_pillow() as heard:
                assert Image.MAX_IMAGE_PIXELS is None
                for _ in range(number):
                    warnings.warn("a flaw", UserWarning, stacklevel=1)
                with quiet_pillow() as inner:
                    warnings.warn("another", RuntimeWarning, stacklevel=1)
                assert heard == [UserWarning] * number
                assert inner == [RuntimeWarning]

    in_threads(*(lambda number=number: reader(number) for number in range(count)))
    assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before


def test_other_threads_are_warned_as_ever() -> None:
    inside, warned = threading.Event(), threading.Event()

    def reader() -> None:
        with quiet_pillow() as heard:
            inside.set()
            assert warned.wait(PATIENCE)
            assert heard == []

    def another() -> None:
        assert inside.wait(PATIENCE)
        try:
            with pytest.raises(UserWarning, match="mine"):  # warnings are errors in these tests
                warnings.warn("mine", UserWarning, stacklevel=1)
        finally:
            warned.set()

    in_threads(reader, another)


def test_filters_that_another_thread_put_back_silence_nobody() -> None:
    with warnings.catch_warnings():
        with quiet_pillow():
            theirs = warnings.catch_warnings()
            theirs.__enter__()  # takes our filter for one that was there before
        theirs.__exit__(None, None, None)
        with pytest.raises(UserWarning, match="mine"):
            warnings.warn("mine", UserWarning, stacklevel=1)


def test_a_setting_is_put_back_after_an_error_too() -> None:
    setting = ["outside"]

    def swap(value: str) -> str:
        setting[0], value = value, setting[0]
        return value

    borrowed = Borrowed(swap, "inside")
    for _ in range(2):
        with contextlib.suppress(KeyError), borrowed.changed(), borrowed.changed():
            assert setting == ["inside"]
            raise KeyError
        assert setting == ["outside"]


# Pillow images that cannot be loaded any more, or never could.


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM"])
def test_an_image_of_a_file_cut_short_is_refused(form: str) -> None:
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(stream, form)
    data = stream.getvalue()
    image = Image.open(io.BytesIO(data[: len(data) // 2]))
    with pytest.raises(ImageReadError, match="cut short"):
        Picture.from_pil(image)


def closed() -> Image.Image:
    image = Image.new("RGB", (4, 3))
    image.close()
    return image


def closed_before_it_was_loaded(path: Path) -> Image.Image:
    image: Image.Image = Image.open(path)
    with image:
        return image


def of_a_closed_file(path: Path) -> Image.Image:
    with path.open("rb") as file:
        image: Image.Image = Image.open(file)
    return image


def test_a_closed_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 3)).save(path)
    for image in (closed(), closed_before_it_was_loaded(path), of_a_closed_file(path)):
        with pytest.raises(ImageReadError, match="is closed"):
            Picture.from_pil(image)


def test_too_little_memory_is_not_called_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(self: Image.Image, *_: object) -> None:
        raise MemoryError

    Image.new("RGB", (4, 3)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "convert", exhausted)
    with pytest.raises(MemoryError):
        Picture.from_pil(Image.new("RGB", (4, 3)))
    with pytest.raises(MemoryError):
        read_picture(tmp_path / "a.png")
