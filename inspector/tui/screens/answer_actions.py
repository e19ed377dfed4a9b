"""What senders are answered, chosen on the screen; a pause; and why events cannot be stored."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from inspector.capture.child import last_trouble
from inspector.core.text import visible
from inspector.tui.screens.ground import Ground


class AnswerActions(Ground):
    """Actions on the listener's answers."""

    trouble = ""
    """Why events cannot be stored and senders get 503, in words; empty while they are stored."""
    _asking: asyncio.Lock | None = None

    def answers(self) -> dict[str, Any]:
        """What the listener says of its answers: ``{"text", "rules", "paused", "then"}``, or nothing."""
        said = self.session.state("answers")
        return said if isinstance(said, dict) else {}

    def action_answers(self) -> None:
        """Choose what senders are answered."""
        if self._nothing_listens():
            return
        from inspector.tui.screens.answers_dialog import AnswersDialog

        def chosen(rules: dict[str, Any] | None) -> None:
            if rules is not None:
                self.start(partial(self._ask_answers, rules), "answers")

        self.app.push_screen(AnswersDialog(self.answers()), chosen)

    def action_pause(self) -> None:
        """Have every sender answered 503, or by the rules again."""
        if not self._nothing_listens():
            self.start(self._toggle_pause, "answers")

    def _nothing_listens(self) -> bool:
        if self.down or not self.session.url:
            says = f"{self.key_for('listener')} says what happened."
            self.tell(f"Nothing listens, so nobody is answered; {says}", error=True)
            return True
        return False

    async def _ask_answers(self, rules: dict[str, Any]) -> None:
        from inspector.capture.asking import ask_answers

        said = await asyncio.to_thread(ask_answers, self.session.store, rules)
        if said.get("paused"):
            then = f"After {self.key_for('pause')} the listener {said.get('then')}."
            self.tell(f"Still paused, senders get 503. {then}")
        else:
            self.tell(f"The listener {said.get('text')}.")
        self._show()

    async def _toggle_pause(self) -> None:
        from inspector.capture.asking import ask_pause

        # One after the other: the second press of two is the way back from the first.
        if self._asking is None:
            self._asking = asyncio.Lock()
        async with self._asking:
            said = await asyncio.to_thread(ask_pause, self.session.store, not self.answers().get("paused"))
        if said.get("paused"):
            goes_on = f"{self.key_for('pause')} goes on."
            self.tell(f"Paused: senders get 503, what they send is stored all the same. {goes_on}")
        else:
            self.tell(f"No longer paused: the listener {said.get('text')}.")
        self._show()

    def _show(self) -> None:
        self.update_status()
        self.update_footer()

    def watch_trouble(self) -> None:
        """Notice that events cannot be stored, and that they can again.

        The capture process writes the reason into the store; where that fails too, it stands in the log.
        """
        said = self.session.state("trouble")
        if not (isinstance(said, dict) and said.get("text")):
            said = last_trouble(self.session.store)
        found = visible(str(said.get("text") or "")) if said else ""
        if self.down:
            found = ""
        before, self.trouble = self.trouble, found
        if found != before:
            self.update_footer()
        if found and not before:
            self.tell(
                f"Events cannot be stored, senders get 503: {found.rstrip('.')}. What was answered 200 is kept.",
                error=True,
            )
        elif before and not found and not self.down:
            self.tell("Events are stored again.")
