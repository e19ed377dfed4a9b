"""The command line: ``main`` lists the commands and turns every refusal into one line and an exit code.

Each command lives in a module of its group and is imported only when it runs, and imports what is heavy only
inside its function: `inspector events` starts without Textual and without aiohttp.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from inspector import __version__
from inspector.cli.arguments import HOST, PORT, unprotected
from inspector.core.events import InspectorError
from inspector.core.text import visible

COMMANDS = {
    "listen": "listen",
    "web": "web",
    "respond": "respond",
    "events": "read",
    "show": "show",
    "wait": "read",
    "types": "shapes",
    "shape": "shapes",
    "matrix": "matrix",
    "diff": "diff",
    "schema": "schema",
    "sample": "schema",
    "baseline": "baseline",
    "check": "check",
    "replay": "replay",
    "send": "send",
    "import": "take_in",
    "export": "export",
    "star": "edit",
    "delete": "edit",
    "prune": "prune",
    "doctor": "doctor",
    "config": "config",
}
"""Name of each command and the module of `inspector.cli` it stands in."""

_EPILOG = """\b
Examples:
  inspector                 the screen, listening on http://127.0.0.1:8585
  inspector --demo          the same in a throw-away store, with sample events
  inspector listen --json   capture without a screen, one JSON object a line
  inspector events 'type:user.image.*' level:error since:10m
  inspector diff system.feeds.sync.started system.feeds.sync.completed
  inspector replay 12 --to http://localhost:3000/hooks

\b
Exit codes: 0 done; 1 the answer is "no", or not found;
            2 wrong use, or it cannot start; 3 a crash.
"""


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
            hint = f"did you mean {close[0]}?" if close else "inspector --help lists the commands."
            raise InspectorError(f"there is no command '{name}'; {hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    epilog=_EPILOG,
    subcommand_metavar="[COMMAND ...]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--store", metavar="PATH", help="The store; else $INSPECTOR_STORE, else in the data folder.")
@click.option("--host", type=HOST, default=None, metavar="HOST", help="Address to listen on (127.0.0.1).")
@click.option("--port", default=None, type=PORT, metavar="N", help="Port to listen on (8585); 0 picks one.")
@click.option(
    "--respond",
    default=None,
    metavar="ANSWER",
    help="Answer 503, or 500,500,200 in turn, drop, by-url.",
)
@click.option("--tunnel", is_flag=True, help="Open a public address through ngrok at the start.")
@click.option(
    "--listen-with", metavar="OPTIONS", default=None, help="More options of listen: '--tls-self-signed'."
)
@click.option("--demo", is_flag=True, help="Try it: a throw-away store, filled with sample events.")
@click.option("--no-listen", is_flag=True, help="Only read the store; start no listener.")
@click.version_option(__version__, "-V", "--version", prog_name="inspector", message="%(prog)s %(version)s")
@click.pass_context
def inspector(
    ctx: click.Context,
    /,
    store: str | None,
    host: str | None,
    port: int | None,
    respond: str | None,
    tunnel: bool,
    listen_with: str | None,
    demo: bool,
    no_listen: bool,
) -> None:
    """The webhook inspector for the terminal: the offline webhook.site.

    Without a command it opens the screen. Whatever is sent to its address is stored before it is answered,
    shown live, compared by shape, and can be replayed to your receiver.
    """
    ctx.obj = store
    if ctx.invoked_subcommand is None:
        from inspector.cli.screen import open_screen

        ctx.exit(
            open_screen(
                store,
                host=host,
                port=port,
                respond=respond,
                tunnel=tunnel,
                listen_with=listen_with,
                demo=demo,
                no_listen=no_listen,
            )
        )
    for name in ("host", "port", "respond", "tunnel"):
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            raise InspectorError(
                f"--{name} stands after the command: inspector {ctx.invoked_subcommand} --{name} …"
            )
    for name in ("listen_with", "demo", "no_listen"):
        if ctx.params[name]:
            option = name.replace("_", "-")
            raise InspectorError(f"--{option} is for the screen; it goes with no command.")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; the one place where errors become text."""
    _settle_streams()
    try:
        # Not click's own `main`, which ends with 1 when the reader of our output is gone.
        with inspector.make_context("inspector", list(sys.argv[1:] if words is None else words)) as ctx:
            code = inspector.invoke(ctx)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except InspectorError as error:
        return _refuse(str(error), error.code)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        return _refuse(_usage(error), 2)
    except (click.Abort, KeyboardInterrupt):
        return 0
    except BrokenPipeError:
        # The reader of our output is gone, as `| head` goes; what is left to flush has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        if os.environ.get("INSPECTOR_TRACEBACK"):
            raise
        place = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{place}{(error.strerror or str(error)).lower()}.", 2)
    except Exception as error:
        if os.environ.get("INSPECTOR_TRACEBACK"):
            raise
        if type(error).__module__ == "sqlite3":
            return _refuse(
                f"the store cannot be read: {error}. It is left as it is; inspector doctor says what can be saved.",
                2,
            )
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return _refuse(f"it crashed ({what}). INSPECTOR_TRACEBACK=1 shows where.", 3)


def _settle_streams() -> None:
    """Make standard streams that can be written to, whatever they are: closed ones go nowhere."""
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        # A descriptor that is free would be given to the next file: to the store.
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)
        sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
        sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _refuse(text: str, code: int) -> int:
    with suppress(OSError):  # nobody is there to read it
        print(f"inspector: {visible(text)}", file=sys.stderr)
    return code


def _usage(error: click.ClickException) -> str:
    """What click found wrong, as one of our sentences."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    hint = "" if ctx is None else f" Try: {ctx.command_path} --help"
    if isinstance(error, click.NoSuchOption):
        if error.option_name == "--store" and ctx is not None:
            return f"--store stands before the command: inspector --store PATH {ctx.info_name} …"
        meant = f"; did you mean {error.possibilities[0]}?" if error.possibilities else "."
        return f"there is no option {unprotected(error.option_name)}{meant}{hint}"
    text = " ".join(unprotected(error.format_message()).split()).removesuffix(".")
    return f"{text[:1].lower()}{text[1:]}.{hint}"
