"""``ddrm inspect``: what happened to this photo?"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ddrm_cli.errors import DDRMError

from .failures import FAILED
from .options import Config, Debug, Json, MaxPixels, Pictures
from .voice import Voice

if TYPE_CHECKING:
    from ddrm_cli.inspection.findings import Findings

__all__ = ["inspect"]


def inspect(
    pictures: Pictures,
    max_pixels: MaxPixels = None,
    as_json: Json = False,
    config: Config = None,
    debug: Debug = False,
) -> None:
    """Say what happened to photographs, and what to try.

    Compression, noise, blur, enlargement and bars, as far as file and pixels show them; then the
    commands worth trying, best first, ready to paste. Nothing is written.

    ddrm inspect photo.jpg
    """
    from ddrm_cli.images.folders import survey
    from ddrm_cli.images.reading import DEFAULT_MAX_PIXELS
    from ddrm_cli.inspection.inspect import inspect as look

    voice = Voice(as_json, debug=debug)
    found = survey(pictures)
    voice.surveyed(found)
    sources, failed = found.inputs, len(found.unreadable)
    for source in sources:
        try:
            findings = look(source.path, max_pixels=max_pixels or DEFAULT_MAX_PIXELS)
        except DDRMError as error:
            if len(sources) == 1 and not failed:
                raise
            failed += 1
            voice.error(error, about=str(source.path))
        else:
            _tell(source.path, findings, voice)
    if failed:
        total = len(sources) + len(found.unreadable)
        voice.say(f"{failed} of {total} pictures failed.")
        raise typer.Exit(FAILED)


def _tell(path: Path, findings: Findings, voice: Voice) -> None:
    from ddrm_cli.inspection.suggestions import described, suggestions

    found = suggestions(findings)
    if voice.as_json:
        facts: dict[str, Any] = {**dataclasses.asdict(findings), "detail": findings.detail}
        facts["suggestions"] = [
            {"commands": each.commands(str(path)), "why": each.why, "automatic": each.automatic}
            for each in found
        ]
        voice.result_json({"input": str(path), **facts})
        return
    voice.result(path)
    for line in described(findings):
        voice.result(f"  {line}")
    voice.result("  to try:" if found else "  nothing to try")
    for each in found:
        for command in each.commands(str(path)):
            voice.result(f"    {command}")
        voice.result(f"      {each.why}")
