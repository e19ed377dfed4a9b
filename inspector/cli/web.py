"""``inspector web``: the screen in a browser."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from inspector.cli.arguments import HOST, PORT
from inspector.cli.screen import listen_options, post_samples
from inspector.core.events import InspectorError


@click.command("web", short_help="The screen in a browser, on this machine.")
@click.option(
    "--host", type=HOST, default="127.0.0.1", metavar="HOST", help="Address of the page (127.0.0.1)."
)
@click.option("--port", default=8586, type=PORT, metavar="N", help="Port of the page (8586); 0 picks one.")
@click.option(
    "--allow-host", "allow_hosts", metavar="NAME", multiple=True, help="A further name of the page."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the browser.")
@click.option(
    "--respond",
    default=None,
    metavar="ANSWER",
    help="Answer 503, or 500,500,200 in turn, drop, by-url.",
)
@click.option("--tunnel", is_flag=True, help="Open a public address for webhooks through ngrok.")
@click.option(
    "--listen-with",
    metavar="OPTIONS",
    default=None,
    help="More options of listen: '--port 9000 --tls-self-signed'.",
)
@click.option("--demo", is_flag=True, help="Try it: a throw-away store, filled with sample events.")
@click.option("--no-listen", is_flag=True, help="Only read the store; start no listener.")
@click.pass_obj
def web_command(
    store: str | None,
    /,
    host: str,
    port: int,
    allow_hosts: tuple[str, ...],
    open_browser: bool,
    respond: str | None,
    tunnel: bool,
    listen_with: str | None,
    demo: bool,
    no_listen: bool,
) -> int:
    """The same screen in a browser, in as many tabs as you like.

    It prints the address to open. The token in it is all that is asked for: who has it reads every event and
    replays them. Only this machine can reach the page, unless --host says otherwise.

    Webhooks go to the listener as ever, on http://127.0.0.1:8585; it goes on while no tab is open. ctrl+c ends
    the page, its screens, and the listener if it was started here.
    """
    from inspector.store.place import store_path
    from inspector.web.run import WebOptions, serve

    def options_for(path: Path) -> WebOptions:
        return WebOptions(
            path,
            host,
            port,
            allow_hosts=allow_hosts,
            open_browser=open_browser,
            listen=not no_listen,
            listen_options=tuple(listening),
            on_ready=post_samples if demo else None,
        )

    listening = listen_options(port=0 if demo else None, respond=respond, tunnel=tunnel, more=listen_with)
    if not demo:
        return serve(options_for(store_path(store)))
    if store or no_listen:
        raise InspectorError("--demo brings its own store and listener; leave --store and --no-listen out.")
    with tempfile.TemporaryDirectory(prefix="inspector-demo-") as folder:
        return serve(options_for(Path(folder) / "events.db"))
