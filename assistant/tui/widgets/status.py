"""The status line: model, tiers in force, personalisation, speed, context, alarms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from textual.content import Content
from textual.widgets import Static

from assistant.holder.interface import StatusLine
from assistant.holder.policy_dates import most_pressing
from assistant.inert import inert_line
from assistant.tui.text import bar, count, day
from assistant.tui.widgets.hints import key_name

LEAST_FOR_TIERS = 10
"""Cells; the speed gives way before the tiers in force get less."""
_STATES = {"loading": "loading", "restarting": "restarting", "stopped": "stopped", "ready": ""}


class StatusBar(Static):
    """Plain words in a fixed order, so that a screen reader can make sense of it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__("", id="status", markup=False)
        self._clock = clock
        self._line: StatusLine | None = None
        self._speed: float | None = None
        self._impersonal = ""
        self._fresh = False
        self.said = ""

    def show(self, line: StatusLine) -> None:
        """What holds now."""
        self._line = line
        self._draw()

    def speed(self, tokens_per_s: float | None, used: int, size: int) -> None:
        """The latest turn's speed and the context it left filled."""
        self._speed, self._fresh = tokens_per_s, False
        if self._line is not None and size:
            old = self._line
            self._line = msgspec.structs.replace(old, context_used=used, context_size=size)
        self._draw()

    def begin_anew(self) -> None:
        """An empty conversation: what is known of context and speed is of another one."""
        self._speed, self._fresh = None, True
        self._draw()

    def impersonal(self, span: str) -> None:
        """What goes without personalisation ("the next message"); "" for nothing."""
        self._impersonal = span
        self._draw()

    async def on_click(self) -> None:
        """An alarm, or the end of a policy, leads to the policy it is about."""
        if self._line is not None and (self._line.alarms or self._line.policy_dates):
            await self.run_action("screen.policy")

    def _policy_key(self) -> str:
        """The key of the policy screen as it is bound now."""
        active = self.screen.active_bindings.values()
        return next((key_name(a.binding.key) for a in active if a.binding.id == "chat.policy"), "")

    def on_resize(self) -> None:
        """Leave out what does not fit."""
        self._draw()

    def _draw(self) -> None:
        line = self._line
        if line is None:
            return
        first = [*self._alarms(line), *self._policy_end(line), self._model(line)]
        personal, speed, meter = self._personal(line), self._tokens_per_s, self._meter(line)
        fits = self._room(*first, personal, speed, meter) >= LEAST_FOR_TIERS
        rest = [personal, speed, meter] if fits else [personal, meter]
        room = max(LEAST_FOR_TIERS, self._room(*first, *rest))
        tiers = " + ".join(inert_line(tier, 40) for tier in line.tiers) or "no tiers"
        parts = [*first, Content(tiers).truncate(room, ellipsis=True), *rest]
        shown = Content(" · ").join([part for part in parts if part.plain])
        self.said = shown.plain
        self.update(shown)

    def _room(self, *parts: Content) -> int:
        """What these leave of the line."""
        return self.size.width - sum(part.cell_length + 3 for part in parts if part.plain)

    def _alarms(self, line: StatusLine) -> list[Content]:
        alarms = [Content.styled(f"! {inert_line(a, 60)}", "bold $error") for a in line.alarms]
        if alarms and (key := self._policy_key()):
            alarms[-1] = alarms[-1].append(f" ({key})")
        return alarms

    def _policy_end(self, line: StatusLine) -> list[Content]:
        if (end := most_pressing(line.policy_dates)) is None:
            return []
        over, stamp = end
        told = "policy out of date" if over else f"policy ends {day(stamp, self._clock())}"
        return [Content.styled(told, "$warning")]

    @staticmethod
    def _model(line: StatusLine) -> Content:
        state = _STATES.get(line.model_state, inert_line(line.model_state, 20))
        return Content(f"{inert_line(line.model, 24) or 'no model'}{' ' if state else ''}{state}")

    def _personal(self, line: StatusLine) -> Content:
        personal = "on" if line.personalise and not self._impersonal else "off"
        if self._impersonal and line.personalise:
            personal = f"off for {self._impersonal}"
        return Content(f"personal {personal}")

    @property
    def _tokens_per_s(self) -> Content:
        return Content(f"{self._speed:.0f} tok/s" if self._speed else "")

    def _meter(self, line: StatusLine) -> Content:
        if not line.context_size:
            return Content("")
        used = 0 if self._fresh else line.context_used
        meter = f"{bar(used, line.context_size, 6)} " if self.size.width > 90 else ""
        return Content(f"ctx {meter}{count(used)}/{count(line.context_size)}")
