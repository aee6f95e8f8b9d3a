"""What the cases have in common: the program in a folder of its own, and what every end must be."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["CASES", "Bench", "Case", "End", "SkipError", "case"]

PATIENCE = 120.0  # seconds; whatever takes longer hangs


class SkipError(Exception):
    """The machine lacks what a case needs."""


@dataclass(frozen=True)
class Case:
    """One fault.

    Args:
        kind: The file it stands in.
        name: What is done.
        promise: What must hold, its docstring.
        check: Throws it; AssertionError where the promise does not hold.
    """

    kind: str
    name: str
    promise: str
    check: Callable[[Bench], None]


CASES: list[Case] = []


def case(*arguments: object) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a case: with arguments, one for each of them, which the function takes last."""

    def register(check: Callable[..., None]) -> Callable[..., None]:
        kind = check.__module__.rpartition(".")[2]
        promise = (check.__doc__ or "").strip().partition("\n")[0]
        if not arguments:
            CASES.append(Case(kind, check.__name__, promise, check))
        for argument in arguments:

            def bound(bench: Bench, argument: object = argument) -> None:
                check(bench, *(argument if isinstance(argument, tuple) else (argument,)))

            name = f"{check.__name__}[{str(argument)[:60]}]"
            CASES.append(Case(kind, name, promise, bound))
        return check

    return register


@dataclass(frozen=True)
class End:
    """How the program ended."""

    code: int
    stdout: str
    stderr: str

    def in_order(self, *codes: int) -> End:
        """The end is one that was foreseen: a sentence, no traceback, and one of these codes."""
        told = f"exit {self.code}: {self.stderr[-600:]!r}"
        assert "Traceback" not in self.stderr, told
        assert "should not have happened" not in self.stderr, told
        assert self.code in codes, told
        return self

    def refused(self, *words: str) -> End:
        """It ended with a sentence that has these words, and with 1 or 2."""
        self.in_order(1, 2)
        assert self.stderr.strip(), "no sentence"
        for word in words:
            assert word.lower() in self.stderr.lower(), f"no {word!r} in {self.stderr[-600:]!r}"
        return self


@dataclass
class Bench:
    """The program in an empty folder, without the user's own settings.

    Args:
        folder: Where a case works.
        program: How the program is called.
        chance: For moments and bytes.
    """

    folder: Path
    program: Sequence[str]
    chance: random.Random
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        home = self.folder / "home"
        home.mkdir()
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "DDRM_CACHE_DIR": str(home / "cache"),
            "DDRM_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "NO_PROXY": "127.0.0.1",
            "COLUMNS": "200",
        }
        self.work = self.folder / "work"
        self.work.mkdir()

    def path(self, name: str) -> Path:
        """A path in the folder where the program runs; its own folder is made."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def picture(self, name: str = "a.png", side: int = 16, seed: int = 0) -> Path:
        """A small picture of smooth noise."""
        values = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        path = self.path(name)
        Image.fromarray(values).resize((side, side), Image.Resampling.BICUBIC).save(path)
        return path

    def text(self, name: str, text: str) -> Path:
        """A file with a text."""
        path = self.path(name)
        path.write_text(text, encoding="utf-8")
        return path

    def start(
        self,
        *arguments: str | Path,
        before: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        stdout: int | None = subprocess.PIPE,
        stderr: int | None = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """The program, started."""
        return subprocess.Popen(
            [*before, *self.program, *map(str, arguments)],
            cwd=self.work,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="backslashreplace",
            preexec_fn=_hear_signals,
        )

    def run(
        self,
        *arguments: str | Path,
        before: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> End:
        """The program, until its end."""
        with self.start(*arguments, before=before, environment=environment) as process:
            return self.end(process, patience)

    def end(self, process: subprocess.Popen[str], patience: float = PATIENCE) -> End:
        """The end of a program that was started."""
        try:
            stdout, stderr = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError(f"it hangs: no end after {patience:.0f} s") from None
        return End(process.returncode, stdout or "", stderr or "")

    def restore(self, *arguments: str | Path, **options: object) -> End:
        """The quickest restoration there is."""
        quick = ("-d", "deno", "--sigma", "0.1", "--steps", "1", "--device", "cpu", "-q")
        return self.run("restore", *arguments, *quick, **options)  # type: ignore[arg-type]

    def signalled(self, number: int, after: float, *arguments: str | Path) -> End:
        """The program that gets a signal after so many seconds, if it is still there."""
        with self.start(*arguments) as process:
            time.sleep(after)
            if process.poll() is None:
                process.send_signal(number)
            return self.end(process)

    def litter(self) -> list[str]:
        """Files that only a run at work may have."""
        return [str(p.relative_to(self.work)) for p in self.work.rglob(".ddrm-*")]

    def whole_pictures(self, folder: str = ".") -> None:
        """Every picture below a folder can be read to its end."""
        for path in (self.work / folder).rglob("*.png"):
            with Image.open(path) as image:
                image.load()


def _hear_signals() -> None:
    # A shell that started this in the background, or nohup, may have made it deaf to these.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def default_program() -> list[str]:
    """The installed program of this Python, not whatever lies in the current folder."""
    found = Path(sys.executable).with_name("ddrm")
    return [str(found)] if found.exists() else [shutil.which("ddrm") or "ddrm"]
