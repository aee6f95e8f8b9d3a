"""The program ``ddrm``: its commands, and what an error becomes."""

from __future__ import annotations

import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ddrm_cli._version import __version__
from ddrm_cli.errors import DDRMError, UsageError

from .console import print_result, say
from .degrade import degrade
from .download import download
from .list_degradations import list_degradations
from .options import DEBUG
from .restore import restore

__all__ = ["app", "run"]

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


class _Commands(TyperGroup):
    """Turns our errors into one sentence and an exit code; a traceback only with ``--debug``."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except DDRMError as error:
            if ctx.meta.get(DEBUG):
                traceback.print_exc()
            say(f"Error: {error}")
            raise typer.Exit(WRONG_USAGE if isinstance(error, UsageError) else FAILED) from None
        except KeyboardInterrupt:
            say("Interrupted. What was finished is kept; nothing is half written.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our results, such as `head`, has had enough.
            raise typer.Exit(FAILED) from None


app = typer.Typer(
    cls=_Commands,
    name="ddrm",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print_result(f"ddrm {__version__}")
        raise typer.Exit


@app.callback()
def ddrm(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Restore photographs with Denoising Diffusion Restoration Models.

    ddrm restore photo.jpg --deg sr_bicubic4
    """


for _command in (restore, degrade, list_degradations, download):
    app.command(_command.__name__.replace("_", "-"))(_command)


def run() -> None:
    """Entry point of the console script."""
    app()
