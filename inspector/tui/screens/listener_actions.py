"""What can be done with the listener: address, tunnel, a sample, a restart when it ended, quitting."""

from __future__ import annotations

import asyncio
import threading

from textual.message import Message

from inspector.capture.child import running
from inspector.core.events import InspectorError
from inspector.tui.sample import curl_line, post_sample
from inspector.tui.screens.answer_actions import AnswerActions
from inspector.tui.screens.confirm import ConfirmDialog
from inspector.tui.screens.ground import clock_us

_NO_AGENT = ("not on this machine", "not installed", "no ngrok")


class ListenerActions(AnswerActions):
    """Actions on the listener, and its watch."""

    class Restarted(Message):
        """A capture process that had ended was started again, or could not be."""

        def __init__(self, ended: str, problem: str = "") -> None:
            super().__init__()
            self.ended = ended
            self.problem = problem

    restarting = False
    _tunnel_told: tuple[object, ...] = ()

    # -- address and sample

    def action_copy_address(self) -> None:
        """Copy the public address while there is one, else the local one."""
        public = self.session.public_url
        url = public or self.session.url
        if not url:
            self.tell("Nothing listens; there is no address.")
            return
        self.to_clipboard(url, "Copied the public address" if public else f"Copied {url}")

    def copy_curl(self) -> None:
        """Copy the line that posts a small event."""
        url = self.session.public_url or self.session.url
        if not url:
            self.tell("Nothing listens; there is no address.")
            return
        self.to_clipboard(curl_line(url), "Copied the curl line; paste it in another terminal")

    def send_sample(self) -> None:
        """Post a sample Anchore event to our own listener."""
        url = self.session.url
        if not url or self.down:
            self.tell(f"Nothing listens; {self.key_for('listener')} says what happened.", error=True)
            return

        async def post() -> None:
            await asyncio.to_thread(post_sample, url, len(self.source.all_ids))

        self.start(post, "sample", exclusive=True)

    def action_listener(self) -> None:
        """Show the listener's address, snippets and last log lines."""
        from inspector.tui.screens.listener_dialog import ListenerDialog

        self.watch_trouble()  # the dialog tells how it is now, not a second ago
        listener = self.session.state("listener")
        listener = listener if isinstance(listener, dict) else {}
        capture = self.session.capture
        pid = listener.get("pid")
        if capture is None:
            how = "This screen only reads; it neither started nor joined a listener."
        elif capture.joined:
            how = f"Joined the listener that was running (process {pid}). It goes on when this screen ends."
        else:
            how = f"This screen started it (process {pid}), and ends it. Q leaves it running."

        def chosen(result: str | None) -> None:
            if result == "sample":
                self.send_sample()
            elif result == "curl":
                self.copy_curl()
            elif result == "address":
                self.action_copy_address()
            elif result == "start" and self.down:
                self.restart_listener()

        self.app.push_screen(
            ListenerDialog(
                url=self.session.url,
                public_url=self.session.public_url,
                how=how,
                down=self.down or ("" if self.session.url else "Nothing listens for this store."),
                answers=str(self.answers().get("text") or ""),
                trouble=self.trouble,
                listener=listener,
                log=capture.log_tail() if capture is not None else (),
            ),
            chosen,
        )

    # -- tunnel

    def action_tunnel(self) -> None:
        """Open the tunnel after a question, or close the one that is open."""
        tunnel = self.session.state("tunnel")
        tunnel = tunnel if isinstance(tunnel, dict) else {}
        if self.down or not self.session.url:
            self.tell("Nothing listens, so there is nothing to open.", error=True)
            return
        if tunnel.get("state") in ("open", "opening"):
            self.app.push_screen(
                ConfirmDialog(
                    f"Close the tunnel {tunnel.get('url') or ''}? Its address is gone for good then.",
                    [("close", "Close it"), ("keep", "Keep it open")],
                    "Tunnel",
                ),
                lambda result: self._wish_tunnel(False, None, False) if result == "close" else None,
            )
            return
        self._ask_for_tunnel(str(tunnel.get("error") or ""))

    def _ask_for_tunnel(self, problem: str) -> None:
        from inspector.tui.screens.tunnel_dialog import TunnelDialog, TunnelWish

        def answered(wish: TunnelWish | None) -> None:
            if wish is not None:
                self._wish_tunnel(True, wish.minutes, wish.download)

        # Fetching is asked for only once the capture process has said that the agent is missing.
        missing = any(words in problem for words in _NO_AGENT)
        self.app.push_screen(TunnelDialog(fetch=missing, problem=problem), answered)

    def _wish_tunnel(self, wanted: bool, minutes: int | None, download: bool) -> None:
        wish = {"wanted": wanted, "minutes": minutes, "download": download, "at_us": clock_us()}
        self.edit(
            lambda edits: edits.set_setting("tunnel", wish),
            "Opening the tunnel …" if wanted else "Closing the tunnel …",
        )

    # -- the watch

    def watch_tunnel(self) -> None:
        """Say once that a tunnel is open, and why one did not open or has closed."""
        tunnel = self.session.state("tunnel")
        if self.down or not isinstance(tunnel, dict):
            return
        now = tuple(tunnel.get(name) for name in ("state", "since_us", "error"))
        if now == self._tunnel_told:
            return
        self._tunnel_told = now
        if tunnel.get("error"):
            self.tell(str(tunnel["error"]), error=True)
        elif tunnel.get("state") == "open":
            self.tell(f"The tunnel is open; {self.key_for('copy-address')} copies its address.")

    def watch_listener(self) -> None:
        """Notice a capture process that ended, and start it again; or join the one that somebody else started."""
        capture = self.session.capture
        if capture is None or self.restarting:
            return
        ended = capture.ended()
        if ended is None:
            self._set_down("")
        elif self.down:
            if running(capture.path) is not None:
                self.restart_listener()
        elif self.session.state("listener") is None:
            # A clean end takes its state away: somebody stopped it, and it is not for us to overrule that.
            self._set_down("not listening: the listener was stopped")
        else:
            self.restart_listener(ended)

    def restart_listener(self, ended: str = "") -> None:
        """Start the capture process again in a thread of its own, which nobody waits for at the end.

        `ended` says how it ended; without, it is the user who wants it, which no limit holds back.
        """
        capture = self.session.capture
        if capture is None or self.restarting:
            return
        if ended:
            capture.note(f"the listener ended ({ended})")
        if ended and not capture.may_restart():
            self._set_down("not listening: it ended more than 3 times in a minute")
            return
        self.restarting = True
        # A clean end takes its state away; what was asked of a listener ends with that, and not with a crash.
        crashed = self.session.state("listener") is not None
        self._set_down(f"not listening: {f'it ended ({ended}), ' if ended else ''}starting it again …")

        def run() -> None:
            problem = ""
            try:
                capture.stop()
                capture.start(again=crashed)
            except InspectorError as error:
                problem = str(error)
            self.post_message(self.Restarted(ended, problem))

        threading.Thread(target=run, name="restart", daemon=True).start()

    def on_listener_actions_restarted(self, message: Restarted) -> None:
        """Say what came of the restart."""
        self.restarting = False
        capture = self.session.capture
        if message.problem:
            self.tell(message.problem, error=True)
        elif message.ended:
            self.tell(
                f"The listener ended ({message.ended}) and was started again. Nothing acknowledged is lost."
            )
        elif capture is not None and capture.joined:
            self.tell(f"Joined the listener that was running (process {capture.pid}).")
        elif capture is not None:
            self.tell(f"Listening on {capture.url}.")
        self._set_down(f"not listening: {message.problem}" if message.problem else "")

    def _set_down(self, words: str) -> None:
        """Say why nothing listens, or with an empty text that something does."""
        if words != self.down:
            self.down = words
            self.update_status()
            self.update_title()
            self.update_footer()

    # -- the end

    def action_close(self) -> None:
        """Quit; an open tunnel is asked about first."""
        capture = self.session.capture
        if self.session.public_url is None or capture is None or capture.joined:
            self.app.exit()
            return

        def answered(result: str | None) -> None:
            if result == "stop":
                self.app.exit()
            elif result == "leave":
                self.action_leave()

        self.app.push_screen(
            ConfirmDialog(
                "Close the tunnel and stop listening?",
                [("stop", "Stop"), ("leave", "Leave it running"), ("stay", "Stay")],
                "Quit",
            ),
            answered,
        )

    def action_leave(self) -> None:
        """Quit, and leave the listener running."""
        if self.session.capture is not None:
            self.session.capture.leave()
            self.session.left = True
        self.app.exit()
