"""The app: themes, the last guard, the palette, signals; and `run_app`, from start to end of a screen."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

from rich.segment import Segment, Segments
from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter, Monochrome, NoColor
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input

from inspector.capture.child import Capture
from inspector.capture.turns import TURNS, let_others_first
from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.store.place import attach, beside, screens_lock
from inspector.store.reader import Reader
from inspector.tui.clipboard import pasteable
from inspector.tui.log import logged_beside, view_failed
from inspector.tui.palette import PALETTE_CSS, Palette, commands, open_palette
from inspector.tui.preferences import Preferences
from inspector.tui.screens.main import MainScreen
from inspector.tui.session import Session
from inspector.tui.strips import strips_without_caches
from inspector.tui.terminal import Terminal
from inspector.tui.theme import THEMES, variable_defaults
from inspector.tui.toasts import TOAST_CSS, bounded
from inspector.tui.widgets.few_colours import FewColours
from inspector.tui.widgets.glyphs import ASCII, choose, encoding_of
from inspector.tui.widgets.guard import Scrub
from inspector.tui.widgets.plain_ascii import AsciiOnly

_READ_S = 3.0
"""An error stands for so long, whatever is typed."""
_HUNG_UP_S = 1.5
"""How long the screen may take to end once its terminal is gone, seconds."""
CRASHED = 3
_MISTAKES_TOLD = 3

_SWITCH_S = 0.0005

_SOON = ("diff", "matrix", "replay_dialog", "shapes")
"""Screens that a key opens: to import them then would be felt."""


def _prepare() -> None:
    """What can wait until the first screen is painted, in a thread."""
    for name in _SOON:
        import_module(f"inspector.tui.screens.{name}")
    # What the start made stays for good: collections need not look at it again and again.
    gc.freeze()


class InspectorApp(App[None]):
    """The screen of `inspector`."""

    TITLE = "inspector"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Palette}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Quit", show=False, priority=True)]
    CSS = f"""
    {PALETTE_CSS}
    {TOAST_CSS}
    EventList, Viewer {{ scrollbar-background: $surface; scrollbar-background-hover: $surface; }}
    """

    def __init__(
        self,
        session: Session,
        *,
        signals: bool = False,
        on_ready: Callable[[str], None] | None = None,
        driver: type[Driver] | None = None,
    ) -> None:
        """`signals`: end on SIGINT, SIGTERM, SIGHUP; `on_ready` gets the listener's address, in a thread.

        `driver`: what to paint through, else a terminal.
        """
        super().__init__(driver_class=driver)
        strips_without_caches()
        self.session = session
        self.preferences = session.preferences
        self.glyphs = choose(self.preferences.glyphs, encoding_of(os.environ))
        self._signals = signals
        self._on_ready = on_ready
        self._few_colours: tuple[str, FewColours] | None = None
        """The filter for a theme, by its name."""
        self._own_loop: asyncio.AbstractEventLoop | None = None
        for one in THEMES:
            self.register_theme(one)
        self.theme = self._theme_for(self.preferences.theme)
        self.set_keymap(self.preferences.keys)

    def _theme_for(self, wanted: str) -> str:
        """The theme by its name, else by what the terminal tells of its background and colours."""
        if wanted in self.available_themes:
            return wanted
        if wanted not in ("dark", "light"):
            background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
            wanted = "light" if background in ("7", "15") else "dark"
        few = self.console.color_system == "standard"
        return f"inspector-{wanted}" + ("-16" if few else "")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables, for a theme that is somebody else's."""
        return variable_defaults(self.current_theme.dark)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The usual filters, what this terminal asks for, and the last guard."""
        # Shades of grey are colours, too: NO_COLOR gets the terminal's own.
        theme = self.current_theme
        if self.no_color or theme.name.endswith("-16"):
            if self._few_colours is None or self._few_colours[0] != theme.name:
                self._few_colours = theme.name, FewColours(self.theme_variables)
            few: list[LineFilter] = [self._few_colours[1]]
        else:
            few = []
        usual = [NoColor() if isinstance(one, Monochrome) else one for one in super().get_line_filters()]
        ascii_only = [AsciiOnly()] if self.glyphs is ASCII else []
        return [*few, *usual, *ascii_only, Scrub(TURNS.give)]

    def get_default_screen(self) -> Screen[None]:
        """The main screen, the one below all others."""
        return MainScreen(self.session, self.glyphs)

    def on_mount(self) -> None:
        """Listen to signals, and start what waits for the listener."""
        # A terminal clears its alternate screen: what was painted before a suspension is gone.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self._tell_mistakes()
        if self._signals:
            self._own_loop = loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.exit)
            signal.signal(signal.SIGHUP, lambda *_: self.terminal_gone())
            self._resume = signal.signal(signal.SIGCONT, self._went_on)
            self.set_timer(1.0, lambda: threading.Thread(target=_prepare, daemon=True).start())
            # A collection of everything holds all threads up; most of what is thrown away is young.
            gc.set_threshold(2_000, 10, 50)
            # All that was imported lives as long as the app: the first of them, in the middle of the first paint,
            # need not look at it.
            gc.freeze()
            # The loop gives the interpreter away with each row it reads; a thread that searches may keep it for this
            # long each time.
            sys.setswitchinterval(_SWITCH_S)
        on_ready, url = self._on_ready, self.session.url
        if on_ready is not None and url:
            # A daemon: it may take its time, and the end of the screen does not wait for it.
            threading.Thread(
                target=self._call_ready, args=(on_ready, url), name="on-ready", daemon=True
            ).start()

    def terminal_gone(self) -> None:
        """End, from whatever thread, and do so even when Textual waits for ever to write to the terminal.

        Not by a handler of the loop, which may be waiting already. The capture process ends with its pipe.
        """
        last = threading.Timer(_HUNG_UP_S, os._exit, (0,))
        last.daemon = True
        last.start()
        if self._own_loop is not None:
            self._own_loop.call_soon_threadsafe(self.exit)

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, made to last where it is the driver of a terminal."""
        chosen = super().get_driver_class()
        return Terminal if chosen is LinuxDriver else chosen

    def _went_on(self, number: int, frame: FrameType | None) -> None:
        """Go on after SIGSTOP as after ctrl+z: Textual starts its threads anew, so the old ones end first."""
        driver = self._driver
        if isinstance(driver, LinuxDriver) and driver._auto_restart and not driver._must_signal_resume:
            driver.suspend_application_mode()
            driver._must_signal_resume = True  # so that all is painted again
        if callable(self._resume):
            self._resume(number, frame)

    async def on_event(self, message: events.Event) -> None:
        """Any key ends the tour and errors that could be read, and does what it does."""
        TURNS.give()
        if isinstance(message, events.Key):
            if isinstance(self.screen, MainScreen):
                self.screen.end_tour()
            for told in list(self._notifications):
                if told.severity == "error" and time.time() - told.raised_at > _READ_S:
                    self._unnotify(told)
            if self._opens_a_line(message) and await self._check_bindings(message.key):
                return
        await super().on_event(message)

    def _opens_a_line(self, key: events.Key) -> bool:
        """Whether letters may follow that are to be written: what opens their line then acts before they are looked at.

        Textual takes a key through the queue of each widget first, and what comes with it, from a paste or on a
        busy machine, still reaches the list, where each letter is a key of its own.
        """
        if key.is_forwarded or not isinstance(self.screen, MainScreen) or isinstance(self.focused, Input):
            return False
        chain = self.screen._modal_binding_chain
        return any(one.id == "find" for _, keys in chain for one in keys.key_to_bindings.get(key.key, ()))

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """A small toast, never with markup; one that only informs takes the place of the one before."""
        if severity == "information":
            for told in [told for told in self._notifications if told.severity == severity]:
                self._unnotify(told, refresh=False)
        message = bounded(message, self.size.width, error=severity == "error")
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    def _tell_mistakes(self) -> None:
        """Say what is wrong with the settings; the defaults hold meanwhile."""
        mistakes = list(self.preferences.mistakes)
        if self.preferences.theme not in ("auto", "dark", "light", *self.available_themes):
            mistakes.append(f"There is no theme {self.preferences.theme!r}; the palette lists them.")
        more = len(mistakes) - _MISTAKES_TOLD
        if more > 0:
            mistakes[_MISTAKES_TOLD:] = [f"{more} more; inspector config tells them all."]
        for text in mistakes:
            self.notify(visible(text), title="Settings", severity="error", timeout=10, markup=False)

    def _call_ready(self, on_ready: Callable[[str], None], url: str) -> None:
        try:
            on_ready(url)
        except InspectorError as error:
            text = visible(str(error))
            self.call_from_thread(self.notify, text, severity="error", markup=False)
        except OSError:
            pass  # the listener is gone, which the status line says

    def copy_to_clipboard(self, text: str) -> None:
        """Copy through the terminal, with what could act on a terminal escaped."""
        super().copy_to_clipboard(pasteable(text))

    def _fatal_error(self) -> None:
        """End with one line: a traceback would show what was captured, secrets and control characters too."""
        error = sys.exc_info()[1]
        if os.environ.get("INSPECTOR_TRACEBACK") or error is None:
            super()._fatal_error()
            return
        view_failed("the screen", error)
        if not self._exit_renderables:
            log = visible(str(beside(self.session.store, ".log")))
            words = f"inspector: the screen crashed ({type(error).__name__}). {log} has the rest."
            self._exit_renderables.append(Segments([Segment(words)]))
        self._close_messages_no_wait()

    async def action_quit(self) -> None:
        """Quit from anywhere."""
        self.exit()

    def action_set_look(self, name: str) -> None:
        """Choose dark or light."""
        self.theme = self._theme_for(name)

    async def _keep_theme(self, theme: Theme) -> None:
        """Remember a theme that was chosen; of ours only which of the two, as another terminal may have fewer
        colours."""
        ours = theme.name in [one.name for one in THEMES]
        name = ("dark" if theme.dark else "light") if ours else theme.name
        await self.session.remember("theme", name)

    def action_command_palette(self) -> None:
        """Every action by its name."""
        open_palette(self)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action by its name, for the palette."""
        return commands(self, screen)


def check_terminal() -> None:
    """InspectorError, with what helps, when no screen can be shown here."""
    if os.environ.get("TERM") == "dumb":
        raise InspectorError("this terminal cannot show a screen (TERM=dumb). Try: inspector listen")
    # Textual reads standard input and paints on standard error.
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise InspectorError("there is no terminal to show a screen on. Try: inspector listen")


def run_app(
    store: Path,
    *,
    options: Sequence[str] = (),
    listen: bool = True,
    preferences: Preferences | None = None,
    on_ready: Callable[[str], None] | None = None,
    driver: type[Driver] | None = None,
) -> int:
    """Show the screen on `store` until the user leaves it; returns the exit code, 3 after a crash.

    With `listen` it joins the capture process of the store or starts one with `options`, and ends what it
    started. `on_ready` is called with the listener's address, in a thread. With a `driver` it paints through
    that, not on a terminal, and says nothing afterwards. InspectorError when nothing can be shown or started.
    """
    if driver is None:
        check_terminal()
    capture = Capture(store, options) if listen else None
    lock = screens_lock(store)
    app: InspectorApp | None = None
    left = False
    try:
        if capture is not None:
            capture.start()
        let_others_first()
        attach(lock)
        session = Session(store, capture, preferences)
        try:
            app = InspectorApp(session, signals=True, on_ready=on_ready, driver=driver)
            with logged_beside(store):
                app.run()
        finally:
            left = session.left
            session.close()
    finally:
        lock.release()
        words = _after(store, capture, left) if app is not None and driver is None else ""
        if capture is not None:
            capture.stop()
    if words:
        with suppress(OSError):  # the terminal is gone
            print(words, file=sys.stderr)
    return CRASHED if app.return_code else 0


def _after(store: Path, capture: Capture | None, left: bool) -> str:
    """What goes on after the screen has ended."""
    try:
        with Reader(store) as reader:
            number, said = reader.total()[0], reader.state("answers")
    except InspectorError:
        return ""
    if capture is not None and (capture.joined or left) and capture.ended() is None:
        words = f"Still listening on {capture.url} (process {capture.pid})"
        if isinstance(said, dict) and said.get("paused"):
            words += ", paused: senders get 503 until inspector respond --resume"
        elif isinstance(said, dict) and said.get("text") != "answers 200":
            words += f", {visible(str(said.get('text')))}"
        return words
    stopped = "Stopped listening. " if capture is not None else ""
    return f"{stopped}{units.count(number, 'event')} in {visible(str(store))}"
