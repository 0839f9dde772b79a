"""The status line: model, tiers in force, personalisation, speed, context, alarms."""

from __future__ import annotations

import msgspec
from textual.content import Content
from textual.widgets import Static

from assistant.holder.interface import StatusLine
from assistant.inert import inert_line
from assistant.tui.text import bar, count
from assistant.tui.widgets.hints import key_name

_STATES = {"loading": "loading", "restarting": "restarting", "stopped": "stopped", "ready": ""}


class StatusBar(Static):
    """Plain words in a fixed order, so that a screen reader can make sense of it."""

    def __init__(self) -> None:
        super().__init__("", id="status", markup=False)
        self._line: StatusLine | None = None
        self._speed: float | None = None
        self._impersonal = ""
        self.said = ""

    def show(self, line: StatusLine) -> None:
        """What holds now."""
        self._line = line
        self._draw()

    def speed(self, tokens_per_s: float | None, used: int, size: int) -> None:
        """The latest turn's speed and the context it left filled."""
        self._speed = tokens_per_s
        if self._line is not None and size:
            old = self._line
            self._line = msgspec.structs.replace(old, context_used=used, context_size=size)
        self._draw()

    def impersonal(self, span: str) -> None:
        """What goes without personalisation ("the next message"); "" for nothing."""
        self._impersonal = span
        self._draw()

    async def on_click(self) -> None:
        """An alarm leads to the policy it is about."""
        if self._line is not None and self._line.alarms:
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
        parts = [part for part in self._parts(line) if part.plain]
        room = self.size.width - sum(part.cell_length + 3 for part in parts)
        tiers = " + ".join(inert_line(tier, 40) for tier in line.tiers) or "no tiers"
        parts.insert(len(line.alarms) + 1, Content(tiers).truncate(max(10, room), ellipsis=True))
        shown = Content(" · ").join(parts)
        self.said = shown.plain
        self.update(shown)

    def _parts(self, line: StatusLine) -> list[Content]:
        state = _STATES.get(line.model_state, inert_line(line.model_state, 20))
        personal = "on" if line.personalise and not self._impersonal else "off"
        if self._impersonal and line.personalise:
            personal = f"off for {self._impersonal}"
        alarms = [Content.styled(f"! {inert_line(a, 60)}", "bold $error") for a in line.alarms]
        if alarms and (key := self._policy_key()):
            alarms[-1] = alarms[-1].append(f" ({key})")
        return [
            *alarms,
            Content(f"{inert_line(line.model, 24) or 'no model'}{' ' if state else ''}{state}"),
            Content(f"personal {personal}"),
            Content(f"{self._speed:.0f} tok/s" if self._speed else ""),
            self._meter(line),
        ]

    def _meter(self, line: StatusLine) -> Content:
        if not line.context_size:
            return Content("")
        meter = f"{bar(line.context_used, line.context_size, 6)} " if self.size.width > 90 else ""
        return Content(f"ctx {meter}{count(line.context_used)}/{count(line.context_size)}")
