"""The command line: ``main`` lists the commands and turns every refusal into one line and an exit code.

Each command lives in a module of its group and is imported only when it runs, and imports what is heavy only inside its
function: `inspector events` starts without Textual and without aiohttp.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from inspector import __version__
from inspector.core.events import InspectorError
from inspector.core.text import visible

COMMANDS = {
    "listen": "listen",
    "events": "read",
    "show": "read",
    "types": "shapes",
    "shape": "shapes",
    "diff": "shapes",
    "replay": "send",
    "send": "send",
    "import": "send",
}
"""Name of each command and the module of `inspector.cli` it stands in."""

_FILTERED = {"events", "types"}
"""Commands whose arguments are filter words: there ``-sender:github`` is no option."""

NOT_AN_OPTION = "\0"
"""Put before a filter word that begins with ``-``, so that it is not read as an option; taken off again by `filter_of`."""


class _Commands(click.Group):
    """Finds commands by name and imports their module only then."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(f"inspector.cli.{module}"), f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            close = difflib.get_close_matches(name, COMMANDS, 1, 0.5)
            hint = f"{close[0]} is meant?" if close else "inspector --help lists the commands."
            raise InspectorError(f"there is no command {visible(name)!r}; {hint}")
        return super().resolve_command(ctx, args)


_EPILOG = """\b
Examples:
  inspector                              the screen, with a listener on http://127.0.0.1:8585
  inspector --demo                       the same in a throw-away store, with sample events
  inspector listen --json                capture without a screen, one JSON object a line
  inspector diff user.image.analysis.processing user.image.analysis.completed
  inspector replay 12 --to http://localhost:3000/hooks

Exit codes: 0 done, 1 the answer is "no" or not found, 2 wrong use or cannot start, 3 a crash.
"""


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--store", metavar="PATH", help="The store to use; else $INSPECTOR_STORE, else the platform's data folder.")
@click.option("--host", default=None, metavar="HOST", help="Address to listen on (127.0.0.1).")
@click.option("--port", default=None, type=click.IntRange(0, 65535), metavar="N", help="Port to listen on (8585); 0 picks one.")
@click.option("--respond", default=None, metavar="ANSWER", help="What to answer: 503, or 500,500,200 in turn, drop, by-url.")
@click.option("--tunnel", is_flag=True, help="Open a public address through ngrok at the start.")
@click.option("--demo", is_flag=True, help="Try it: a throw-away store, filled with sample events.")
@click.option("--no-listener", is_flag=True, help="Only read the store; start no listener.")
@click.version_option(__version__, "-V", "--version", prog_name="inspector", message="%(prog)s %(version)s")
@click.pass_context
def inspector(ctx: click.Context, store: str | None, **options: Any) -> None:
    """The webhook inspector for the terminal: the offline webhook.site.

    Without a command it opens the screen. Whatever is sent to its address is stored before it is answered, shown live,
    compared by shape, and can be replayed to your receiver.
    """
    ctx.obj = store
    if ctx.invoked_subcommand is None:
        from inspector.cli.screen import open_screen

        ctx.exit(open_screen(store, **options))
    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
    if given:
        raise InspectorError(f"{given[0]} stands after the command: inspector {ctx.invoked_subcommand} {given[0]} …")


def _protect_filter_words(words: Sequence[str]) -> list[str]:
    """Mark ``-word`` arguments of filter commands, which click would read as options."""
    result: list[str] = []
    command = next((word for word in words if word in COMMANDS), None)
    if command not in _FILTERED:
        return list(words)
    seen = False
    for word in words:
        if seen and len(word) > 1 and word[0] == "-" and word[1] != "-" and word != "-h":
            word = NOT_AN_OPTION + word
        seen = seen or word == command
        result.append(word)
    return result


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; the one place where errors become text."""
    arguments = _protect_filter_words(sys.argv[1:] if words is None else words)
    try:
        result = inspector.main(arguments, prog_name="inspector", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except InspectorError as error:
        print(f"inspector: {visible(str(error))}", file=sys.stderr)
        return error.code
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        hint = ""
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f" Try: {error.ctx.command_path} --help"
        print(f"inspector: {visible(error.format_message().replace(NOT_AN_OPTION, ''))}{hint}", file=sys.stderr)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 0
    except BrokenPipeError:
        # The reader of our output is gone, as `| head` goes; what is left to flush has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:
        if os.environ.get("INSPECTOR_TRACEBACK"):
            raise
        print(
            f"inspector: it crashed ({type(error).__name__}: {visible(str(error))}). "
            "INSPECTOR_TRACEBACK=1 shows where.",
            file=sys.stderr,
        )
        return 3
