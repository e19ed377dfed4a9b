"""``inspector listen``: capture without a screen."""

from __future__ import annotations

import click


@click.command("listen", short_help="Capture without a screen.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; the default also takes ::1.")
@click.option("--port", default=8585, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 picks a free one.")
@click.option("--respond", default=None, metavar="ANSWER", help="What to answer: 503, or 500,500,200 in turn, drop, by-url.")
@click.option("--tunnel", is_flag=True, help="Open a public address through ngrok.")
@click.option("--tunnel-minutes", type=click.FloatRange(0.01), default=None, help="Close the tunnel after this many minutes.")
@click.option("--json", "as_json", is_flag=True, help="First a line that says where it listens, then one JSON object an event.")
@click.option("--quiet", is_flag=True, help="Print no events.")
@click.option("--exit-after", type=click.IntRange(1), default=None, metavar="N", help="End after N events.")
@click.pass_obj
def listen_command(
    store: str | None,
    host: str,
    port: int,
    respond: str | None,
    tunnel: bool,
    tunnel_minutes: float | None,
    as_json: bool,
    quiet: bool,
    exit_after: int | None,
) -> int:
    """Capture without a screen: store every request that arrives, answer it, and print a line for each.

    A line is printed once its event is durable. ctrl+c or SIGTERM ends it; what was acknowledged is in the store.
    """
    from inspector.capture.answers import read_respond
    from inspector.capture.process import ListenOptions, listen
    from inspector.store.place import store_path

    return listen(
        ListenOptions(
            store_path(store),
            host=host,
            port=port,
            as_json=as_json,
            quiet=quiet,
            tunnel=tunnel,
            tunnel_minutes=tunnel_minutes,
            answers=None if respond is None else read_respond(respond),
            exit_after=exit_after,
        )
    )
