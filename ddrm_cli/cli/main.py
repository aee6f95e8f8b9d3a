"""The program ``ddrm``: its commands, and what an error becomes."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ddrm_cli._version import __version__
from ddrm_cli.errors import UsageError

from .config import options_from_file
from .degrade import degrade
from .download import download
from .evaluate import evaluate
from .failures import FAILED, INTERRUPTED, exit_code
from .inspect import inspect
from .list_degradations import list_degradations
from .panels import PanelledCommand
from .restore import restore
from .signals import INTERRUPTED_SENTENCE
from .streams import carry_every_name
from .train import train
from .typed import remember
from .voice import Voice
from .web import web

__all__ = ["app", "run"]


class _Commands(TyperGroup):
    """Turns errors into one sentence and an exit code; a traceback only with ``--debug``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        remember(ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        # Read from the arguments as they are: an error may come before the option is parsed.
        voice = Voice(debug="--debug" in ctx.args)
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, typer.Abort):
            voice.say(INTERRUPTED_SENTENCE)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our results, such as `head`, has had enough.
            raise typer.Exit(FAILED) from None
        except Exception as error:
            if hasattr(error, "exit_code"):
                raise  # typer's own way to end, or an error that it words itself
            voice.error(error, about="Error")
            if isinstance(error, UsageError) and (origin := options_from_file(ctx)):
                voice.say(origin)
            raise typer.Exit(exit_code(error)) from None


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
        Voice().result(f"ddrm {__version__}")
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


for _command in (
    restore,
    degrade,
    inspect,
    evaluate,
    train,
    list_degradations,
    download,
    web,
):
    app.command(_command.__name__.replace("_", "-"), cls=PanelledCommand)(_command)


def run() -> None:
    """Run the command that the arguments name, and end."""
    carry_every_name()
    app(prog_name="ddrm")
