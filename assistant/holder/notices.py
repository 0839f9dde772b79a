"""At most one courteous line after an answer: how long this has gone on, how late it is,
once a week what the week was, and now and then whether personalisation still helps.

None of them counts days in a row, praises, or asks anybody to come back; all can be
switched off, except where a tier requires the one about a session. Said after a finished
turn only, never while somebody types, and never incognito, which writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from assistant.holder.feelings import claims_feelings
from assistant.holder.measures import measure

if TYPE_CHECKING:
    from assistant.holder.settings import UserSettings
    from assistant.policy import EffectivePolicy
    from assistant.vault import Vault

NEVER = 1440
"""Minutes that stand for no session notice: a day."""
BREAK = "A good moment for a break."
DISCLOSURE = "You are talking to a program on this computer. It has no feelings and can be wrong."
PAUSE = timedelta(minutes=30)
"""A session ends when nothing was asked for so long."""
EARLY = 5
"""The hour at which a late night is over."""
WEEK = timedelta(days=7)
_SESSION, _LATE, _REFLECTED = "notice.session", "notice.late", "notice.reflected"


@dataclass(frozen=True, slots=True)
class SessionNotice:
    """After how many minutes what is said, and who wants it so."""

    minutes: int
    text: str
    by: str


def session_notice(policy: EffectivePolicy, settings: UserSettings) -> SessionNotice | None:
    """The earlier of the user's notice and what a tier requires; None where nobody does."""
    minutes = int(settings.number("session_minutes"))
    found = None
    if minutes < NEVER:
        bound = settings.item("session_minutes").managed
        by = f"{bound.issuer}: {bound.reason}" if bound else "you set this"
        found = SessionNotice(minutes, BREAK, by)
    required = policy.session_notice
    if required is not None and (found is None or required.minutes <= found.minutes):
        by = f"{required.source.issuer}: {required.source.reason}"
        found = SessionNotice(required.minutes, required.text or BREAK, by)
    return found


def disclosures(policy: EffectivePolicy, settings: UserSettings) -> tuple[str, ...]:
    """What is said at the start of a chat: the tiers' words, or ours where one is wanted."""
    if policy.disclosure or not settings.on("disclosure"):
        return policy.disclosure
    return (DISCLOSURE,)


class Notices:
    """Decides after each turn. ``local`` turns an instant into the time on the wall."""

    def __init__(
        self,
        vault: Vault,
        settings: UserSettings,
        policy: EffectivePolicy,
        now: Callable[[], datetime],
        local: Callable[[datetime], datetime],
    ) -> None:
        self._vault, self._settings, self._policy = vault, settings, policy
        self._now, self._local = now, local

    def due(self, *, personalised: bool, timed: bool = True, answer: str = "") -> str:
        """The line to say now, or "". What was said is not said again.

        ``timed`` is off where the face keeps the session's time by itself.
        """
        session = self._session() if timed else ""
        return (
            self._feelings(answer)
            or session
            or self._late()
            or self._reflection()
            or self._compare(personalised)
        )

    def _feelings(self, answer: str) -> str:
        if not self._settings.on("feelings_notice") or not claims_feelings(answer):
            return ""
        return "The answer speaks as somebody who feels. It is a program's text; nobody does."

    def _session(self) -> str:
        wanted = session_notice(self._policy, self._settings)
        if wanted is None:
            return ""
        now = self._now()
        kept = json.loads(self._vault.settings.get(_SESSION) or "{}")
        if not kept or now - datetime.fromisoformat(kept["last"]) > PAUSE:
            kept = {"began": now.isoformat(), "said": False}
        minutes = int((now - datetime.fromisoformat(kept["began"])).total_seconds() // 60)
        due = minutes >= wanted.minutes and not kept["said"]
        state = {**kept, "last": now.isoformat(), "said": kept["said"] or due}
        self._vault.settings.put(_SESSION, json.dumps(state))
        if not due:
            return ""
        return f"This session has run for {minutes} minutes. {wanted.text} ({wanted.by})"

    def _late(self) -> str:
        if not self._settings.on("late_notice"):
            return ""
        wall = self._local(self._now())
        if EARLY <= wall.hour < self._settings.number("late_from"):
            return ""
        night = (wall - timedelta(hours=EARLY)).date().isoformat()
        if self._vault.settings.get(_LATE) == night:
            return ""
        self._vault.settings.put(_LATE, night)
        bound = self._settings.item("late_notice").managed
        by = f"{bound.issuer}: {bound.reason}" if bound else "you set this"
        return f"It is {wall:%H:%M}. This can wait until tomorrow. ({by})"

    def _reflection(self) -> str:
        if not self._settings.on("reflection"):
            return ""
        now, last = self._now(), self._vault.settings.get(_REFLECTED)
        if last is not None and now - datetime.fromisoformat(last) < WEEK:
            return ""
        self._vault.settings.put(_REFLECTED, now.isoformat())
        if last is None:
            return ""
        week = measure(self._vault, now)
        return (
            f"Your week: {week.week_turns} answers in about {week.week_minutes} minutes, "
            f"{week.week_with_memory} of them with something remembered. Is it what you want? "
            "`assistant risks` shows the rest; `assistant settings set reflection off` ends this."
        )

    def _compare(self, personalised: bool) -> str:
        every = int(self._settings.number("compare_every"))
        if not every or not personalised or self._vault.turns.count() % every:
            return ""
        return (
            "Does personalisation still help? If you like, compare: "
            "`assistant ask --beside` answers this question without it, too."
        )
