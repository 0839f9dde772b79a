"""Who this is aligned to, and what answers each risk: from live state, on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from assistant.conversation.events import TurnEnded
from assistant.holder.card import BaseModel, Card, card_of, taught_now
from assistant.holder.controls import (
    CardQuery,
    CardReply,
    FlatteryAnswer,
    FlatteryVerdict,
    RiskItem,
)
from assistant.holder.flattery import Answered, compare, judge
from assistant.holder.measures import measure
from assistant.holder.notices import session_notice
from assistant.holder.refusals import by_bound
from assistant.holder.risks import Live, rows_of

if TYPE_CHECKING:
    from assistant.holder.consents import Consents
    from assistant.holder.parts import Parts
    from assistant.holder.settings import UserSettings
    from assistant.holder.taste import Taste
    from assistant.policy import EffectivePolicy


class Bounds:
    """Reads everything anew for each answer; keeps nothing."""

    def __init__(
        self, parts: Parts, taste: Taste, consents: Consents, settings: UserSettings
    ) -> None:
        self._parts, self._taste = parts, taste
        self._consents, self._settings = consents, settings

    def card(self, request: CardQuery) -> CardReply:
        """The alignment card. Raises PolicyRefusal where a tier forbids that export."""
        if request.export:
            require_export(self._parts.policy, request.export)
        return CardReply(self.live_card())

    def live_card(self) -> Card:
        """The card of this very moment."""
        parts = self._parts
        return card_of(
            now=parts.now(),
            model=BaseModel(*parts.model_file(), *parts.model_about()),
            policy=parts.policy,
            documents=parts.documents,
            authorities=parts.authorities,
            preferences=parts.vault.preferences.list(),
            feedback=parts.vault.feedback.list(with_undone=True),
            profile=self._taste.profile,
            consents=self._consents.list(),
        )

    # -- risks -----------------------------------------------------------------------------

    def risks(self) -> Iterator[RiskItem]:
        """One row for each benefit and risk, measured now."""
        parts, states = self._parts, self._taste.profile.states
        live = Live(
            settings={item.key: item for item in self._settings.items()},
            policy=parts.policy,
            measures=measure(parts.vault, parts.now()),
            session=session_notice(parts.policy, self._settings),
            consents=len(self._consents.list()),
            refused_storage=self._consents.refused,
            dimensions_acting=sum(state.acts for state in states),
            dimensions=len(states),
            comments=sum(key.startswith("comment.") for key in parts.vault.settings.all()),
            flattery=parts.vault.settings.get(_FLATTERY) or "not run yet",
            model=parts.model_file()[0],
        )
        yield from map(RiskItem, rows_of(live))

    def flattery(
        self, answer: Callable[[str, bool], TurnEnded]
    ) -> Iterator[FlatteryAnswer | FlatteryVerdict]:
        """The check; keeps one line of counts, for the row, and no text."""
        answered: list[Answered] = []
        for one in compare(answer):
            answered.append(one)
            yield FlatteryAnswer(one)
        now = self._parts.now()
        verdict = judge(answered, taught_now(self._parts.vault.preferences.list(), now))
        self._parts.vault.settings.put(
            _FLATTERY,
            f"{verdict.worse} of {verdict.asked} answers flattered more with it, "
            f"{verdict.better} less ({now:%Y-%m-%d})",
        )
        yield FlatteryVerdict(verdict)


_FLATTERY = "learned.flattery"
FORMATS = ("json", "markdown")
"""What `export` writes, as policy's bound on it names them."""


def require_export(policy: EffectivePolicy, form: str) -> None:
    """Raise PolicyRefusal where a tier does not allow files of this format."""
    source, bound = policy.clamp("export", form).source, policy.bound("export")
    if source is None or bound is None or bound.allowed is None:
        return
    others = " or ".join(name for name in FORMATS if name in bound.allowed.values)
    instead = f"As {others} it may leave: see `assistant export --help`." if others else ""
    raise by_bound(source, f"files of the format {form}", instead=instead)
