"""Many pictures, one after another: where results go, what is skipped, what failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import typer

from ddrm_cli.errors import DDRMError, OutputError, OutputExistsError, UsageError

from .console import print_result, say
from .failures import FAILED, explain, tell

__all__ = ["run_all"]


def run_all(
    pictures: Sequence[str],
    action: Callable[[Path, Path, bool], None],
    *,
    out: Path | None,
    label: str,
    results: Collection[str],
    suffix: str,
    formats: Collection[str],
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    debug: bool,
    ready: Callable[[], None] = lambda: None,
    reads: Sequence[Path | None] = (),
    files: Callable[[Path], Sequence[Path]] = lambda output: [output],
    is_same: Callable[[Path, Path], bool],
) -> None:
    """Apply an action to every picture that the arguments stand for.

    Where there are several, results that exist are skipped, so that the same command goes on where
    it stopped, and a picture that fails is named while the rest goes on. Where only some of a
    picture's files exist and are this command's own, it stopped between them: all are made again.

    Args:
        pictures: Files, folders and patterns.
        action: Called with the input, the output, and whether to replace files that exist.
        out: What ``--out`` says.
        label: What is done, for the names of results beside their inputs.
        results: Labels, which may be patterns, of files that are no inputs of a folder: in
            `photo_restored_sr4_seed0.png` the label is what follows `photo_`.
        suffix: Suffix of a result whose name is not given.
        formats: Suffixes that a result may have.
        overwrite: Make results that exist again.
        as_json: Say on stdout, as JSON, what was skipped and what failed.
        quiet: Say nothing of what was skipped.
        debug: Show tracebacks of what failed.
        ready: Called once before the first action, if there is any; what it raises concerns all
            pictures and ends the run.
        reads: Further files that are read, which no output may replace.
        files: Every file that the action writes for an output.
        is_same: Whether the files that exist for an input and its output are what this command
            would make; only called where there is one.

    Raises:
        DDRMError: A single picture failed, or the arguments make no sense.
        typer.Exit: With 1, if some of several failed.
    """
    from ddrm_cli.images.folders import check_collisions, find_pictures, is_folder, output_path
    from ddrm_cli.images.writing import check_writable

    folder = out if out is not None and is_folder(out) else None
    sources = find_pictures(pictures, out=folder, labels=results)
    # One picture that a folder or a pattern stands for is a run over several, too.
    several = len(sources) > 1 or sources[0].path not in map(Path, pictures)
    if out is not None and not out.is_dir() and (folder is None or (out.suffix and not several)):
        # One picture to a name with a suffix: a file is meant, whatever the suffix.
        _check_file(out, formats, len(sources))
        jobs = [(source, out) for source in sources]
    else:
        jobs = [
            (source, output_path(source, out=out, label=label, suffix=suffix)) for source in sources
        ]
    check_collisions(
        [(source, file) for source, output in jobs for file in files(output)],
        reads=[file for file in reads if file is not None],
    )
    failed = 0

    def fail(path: Path, output: Path, error: Exception) -> None:
        nonlocal failed
        if as_json:
            _report(path, output, "failed", error=explain(error))
        if not several or isinstance(error, BrokenPipeError):
            raise error
        failed += 1
        tell(error, about=str(path), debug=debug)

    todo = []
    for source, output in jobs:
        try:
            replace = overwrite
            existing = [_exists(file) for file in files(output)]
            if several and not overwrite and any(existing):
                if not is_same(source.path, output):
                    raise OutputExistsError(
                        f"'{output}' was made with other settings or of another picture.",
                        "Choose another --out, or --overwrite.",
                    )
                if all(existing):
                    if as_json:
                        _report(source.path, output, "skipped")
                    elif not quiet:
                        say(f"{output}: exists already, skipped.")
                    continue
                replace = True
            for file in files(output):
                check_writable(file, overwrite=replace)
            todo.append((source.path, output, replace))
        except DDRMError as error:
            fail(source.path, output, error)
    if todo:
        ready()
    for path, output, replace in todo:
        try:
            action(path, output, replace)
        except Exception as error:
            fail(path, output, error)
    if failed:
        say(f"{failed} of {len(jobs)} pictures failed.")
        raise typer.Exit(FAILED)


def _check_file(out: Path, formats: Collection[str], count: int) -> None:
    if out.suffix.lower() not in formats:
        raise UsageError(
            f"'{out}' does not end in a suffix that can be written.",
            f"Use one of: {' '.join(formats)}; or name a folder that exists.",
        )
    if count > 1:
        raise UsageError(
            f"{count} pictures cannot all be written to '{out}'.", "Give a folder to --out."
        )


def _exists(file: Path) -> bool:
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # such as a name that is too long, now that a label was added
        raise OutputError(
            f"'{file}' cannot be written: {error.strerror or error}.",
            "Choose another place with --out.",
        ) from error
    return True


def _report(path: Path, output: Path, status: str, **more: str) -> None:
    print_result(json.dumps({"input": str(path), "output": str(output), "status": status, **more}))
