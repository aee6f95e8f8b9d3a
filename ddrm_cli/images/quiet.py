"""Libraries that decode pictures, kept from talking past us, in any number of threads.

Pillow's limits and Python's filters of warnings belong to the whole process. What is changed here
is changed for a thread that decodes, and is as it was once nobody decodes, however the threads come
and go.
"""

from __future__ import annotations

import contextlib
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from PIL import Image, PngImagePlugin

from ddrm_cli.errors import DDRMError, ImageReadError

__all__ = ["Borrowed", "decoding", "quiet_pillow"]

T = TypeVar("T")


class Borrowed(Generic[T]):
    """A setting of the process: the first who comes changes it, the last who goes puts it back.

    Args:
        swap: Sets it, and returns what it was.
        value: What it is while anybody is inside.
    """

    def __init__(self, swap: Callable[[T], T], value: T) -> None:
        self._swap = swap
        self._other = value  # whichever value is not set now
        self._lock = threading.Lock()
        self._inside = 0

    @contextlib.contextmanager
    def changed(self) -> Iterator[None]:
        """Inside, the setting has the other value."""
        with self._lock:
            if self._inside == 0:
                self._other = self._swap(self._other)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._other = self._swap(self._other)


def _swap_limit(limit: int | None) -> int | None:
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, limit
    return limit


def _swap_text_limit(limit: int) -> int:
    limit, PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_CHUNK, limit
    return limit


_no_limit: Borrowed[int | None] = Borrowed(_swap_limit, None)
# What a chunk of text or a colour profile may unpack to: some profiles have more than 1 MiB.
_more_text: Borrowed[int] = Borrowed(_swap_text_limit, 2**26)
_here = threading.local()  # `heard`: a list, while this thread is inside quiet_pillow


class _Listening(type):
    """A category that all warnings fall into where they are to be heard by us alone."""

    def __subclasscheck__(cls, category: type) -> bool:
        heard = getattr(_here, "heard", None)
        if heard is not None:
            heard.append(category)
        return heard is not None


@contextlib.contextmanager
def quiet_pillow() -> Iterator[list[type[Warning]]]:
    """Pillow without its limit on pixels, which ours stands in for, and without warnings.

    Other threads are warned as ever.

    Yields:
        The kinds of what it would have warned of, as it goes.
    """
    outside, heard = getattr(_here, "heard", None), list[type[Warning]]()

    class Category(Warning, metaclass=_Listening):
        """A filter of its own for each who comes, so that each takes away what it has added."""

    _here.heard = heard
    warnings.simplefilter("ignore", Category)
    try:
        with _no_limit.changed(), _more_text.changed():
            yield heard
    finally:
        _here.heard = outside
        with contextlib.suppress(ValueError):  # others may have put back older filters
            warnings.filters.remove(("ignore", None, Category, None, 0))  # type: ignore[attr-defined]


@contextlib.contextmanager
def decoding(message: str, hint: str) -> Iterator[None]:
    """A decoder at work, quiet; whatever it raises becomes one error, with what it says.

    Args:
        message: What is wrong if it raises anything, a sentence.
        hint: What to do then.

    Raises:
        ImageReadError: The decoder raised something.
    """
    with quiet_pillow():
        try:
            yield
        except (DDRMError, MemoryError):
            raise
        except Exception as error:  # on damaged bytes a decoder raises anything at all
            said = re.sub(r"<[^>]*>", "", str(error)).strip().partition("\n")[0].rstrip(".")
            told = f"{message.removesuffix('.')} ({said})." if said else message
            raise ImageReadError(told, hint) from error
