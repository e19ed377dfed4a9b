"""``inspector listen``: capture without a screen."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
from click.core import ParameterSource

from inspector.capture.limits import FLAGS, read_limits
from inspector.cli.arguments import HOST, LENGTH, PORT, Number
from inspector.cli.config import Configured
from inspector.cli.prune import keep_options
from inspector.core.events import InspectorError
from inspector.store.place import store_path

if TYPE_CHECKING:
    from inspector.capture.certificate import TlsFiles

Command = TypeVar("Command", bound=Callable[..., Any])


def _limit_options(command: Command) -> Command:
    """One option for each limit of the listener, given under the names of `Limits`."""
    for name, flag in reversed(FLAGS.items()):
        command = click.option(flag.option, name, default=None, metavar=flag.metavar, help=flag.help)(command)
    return command


@click.command("listen", cls=Configured, short_help="Capture without a screen.")
@click.option(
    "--host",
    type=HOST,
    default="127.0.0.1",
    metavar="HOST",
    help="Address to listen on (127.0.0.1, which takes ::1 too).",
)
@click.option("--port", default=8585, type=PORT, metavar="N", help="Port (8585); 0 picks a free one.")
@click.option(
    "--respond",
    default=None,
    metavar="ANSWER",
    help="Answer 503, or 500,500,200 in turn, drop, by-url.",
)
@click.option(
    "--answers", default=None, metavar="FILE", help="Answer by the rules in it (see respond --help)."
)
@click.option("--tunnel", is_flag=True, help="Open a public address through ngrok.")
@click.option(
    "--tunnel-for", type=LENGTH, default=None, metavar="TIME", help="Close the tunnel after 30m, 2h."
)
@click.option(
    "--json", "as_json", is_flag=True, help="First where it listens, then an event a line, as JSON."
)
@click.option("--quiet", is_flag=True, help="Print no events.")
@click.option(
    "--exit-after", type=Number("number of events", 1), default=None, metavar="N", help="End after N events."
)
@keep_options
@click.option("--keep-all", is_flag=True, help="Delete nothing by itself any more.")
@_limit_options
@click.option(
    "--basic-auth-file", metavar="FILE", default=None, help="Senders must give the user:password in it."
)
@click.option("--secrets", metavar="FILE", default=None, help="Check signatures with the secrets in it.")
@click.option("--tls-cert", metavar="FILE", default=None, help="Speak https with this certificate (PEM).")
@click.option("--tls-key", metavar="FILE", default=None, help="Its key, if it stands in a file of its own.")
@click.option("--tls-self-signed", is_flag=True, help="Speak https with a certificate made for it.")
@click.option(
    "--allow-host", "allow_hosts", metavar="NAME", multiple=True, help="A further name of this listener."
)
@click.pass_obj
def listen_command(
    store: str | None,
    /,
    host: str,
    port: int,
    respond: str | None,
    answers: str | None,
    tunnel: bool,
    tunnel_for: float | None,
    as_json: bool,
    quiet: bool,
    exit_after: int | None,
    keep_count: int | None,
    keep_days: float | None,
    keep_bytes: int | None,
    keep_all: bool,
    basic_auth_file: str | None,
    secrets: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    tls_self_signed: bool,
    allow_hosts: tuple[str, ...],
    **limits: str | None,
) -> int:
    """Capture without a screen: store every request that arrives, answer it, and print a line for each.

    A line is printed once its event is durable; what is new in a shape never seen before comes beneath it.
    ctrl+c or SIGTERM ends it within 3 s; what was acknowledged is in the store. Exit code 1 when
    requests in hand could not be stored in that time, and were answered 503.

    The --keep options say how much is kept from now on: once a minute the oldest events beyond it are
    deleted, starred ones never. They hold for this store until others are given, or --keep-all.

    Credentials and secrets are never given as words of the command: they stand in files that only you can
    read, or in INSPECTOR_BASIC_AUTH (user:password) and INSPECTOR_SECRET_GITHUB, INSPECTOR_SECRET_STRIPE,
    INSPECTOR_SECRET_STANDARD_WEBHOOKS. A file of secrets has lines such as: github = the secret.
    """
    from inspector.capture.credentials import read_basic_auth, read_secrets
    from inspector.capture.options import ListenOptions
    from inspector.capture.process import listen
    from inspector.capture.tls import NO_TUNNEL
    from inspector.store.retention import Retention

    keep = Retention(keep_count, keep_days, keep_bytes)
    if keep_all and not _is_given("keep_count", "keep_days", "keep_bytes"):
        keep = Retention()
    if keep and keep_all:
        raise InspectorError("--keep-all keeps everything; leave it out, or the other --keep options.")
    rules = _rules(respond, answers)
    tls = _tls(tls_cert, tls_key, tls_self_signed)
    if tls is not None and tunnel:
        raise InspectorError(NO_TUNNEL)
    return listen(
        ListenOptions(
            store_path(store),
            host=host,
            port=port,
            as_json=as_json,
            quiet=quiet,
            tunnel=tunnel,
            tunnel_minutes=None if tunnel_for is None else tunnel_for / 60,
            answers=rules,
            exit_after=exit_after,
            keep=keep if keep or keep_all else None,
            limits=read_limits(limits),
            allow_hosts=allow_hosts,
            credentials=read_basic_auth(basic_auth_file, os.environ),
            secrets=read_secrets(secrets, os.environ),
            tls=tls,
        )
    )


def _is_given(*names: str) -> bool:
    """True when one of these options stands on the command line, and not in the user's file."""
    ctx = click.get_current_context()
    return any(ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)


def _rules(respond: str | None, answers: str | None) -> Any:
    """The answer rules in their JSON form; None for the default."""
    from inspector.capture.answer_words import read_respond
    from inspector.cli.respond import rules_in

    if respond is not None and answers is not None:
        raise InspectorError("--respond and --answers both say what to answer; give one of them.")
    if respond is not None:
        return read_respond(respond)
    return None if answers is None else rules_in(answers)


def _tls(
    certificate: str | None, key: str | None, self_signed: bool
) -> TlsFiles | Literal["self-signed"] | None:
    """What to speak TLS with; None for plain HTTP."""
    from inspector.capture.certificate import TlsFiles

    if self_signed:
        if certificate is not None or key is not None:
            raise InspectorError(
                "--tls-self-signed brings its own certificate; leave --tls-cert and --tls-key out."
            )
        return "self-signed"
    if certificate is None:
        if key is not None:
            raise InspectorError("--tls-key goes with --tls-cert FILE.")
        return None
    files = [None if name is None else Path(name).expanduser().absolute() for name in (certificate, key)]
    assert files[0] is not None
    return TlsFiles(files[0], files[1])
