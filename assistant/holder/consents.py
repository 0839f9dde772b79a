"""Consent to keep what is said of a special category, for one preference at a time.

Kept in the vault's settings by the preference's id: which categories and since when, no
text. A consent ends with its preference, and revoking one erases the preference: without
consent there is no ground to keep it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assistant.errors import ConsentNeeded, NoSuchItem, PolicyRefusal
from assistant.holder.card import Consented
from assistant.personal.preferences import read_preference
from assistant.personal.special import Category, stated
from assistant.personal.styles import Style

if TYPE_CHECKING:
    from assistant.policy import EffectivePolicy
    from assistant.vault import Vault

_PREFIX = "consent."
_REFUSED = "count.special-category-refused"


class Consents:
    """Gives, lists and takes back consents. Raises what the vault raises."""

    def __init__(self, vault: Vault, policy: EffectivePolicy, now: Callable[[], datetime]) -> None:
        self._vault, self._policy, self._now = vault, policy, now

    def require(self, text: str, *, given: bool, known: str = "") -> tuple[Category, ...]:
        """The categories this text needs consent for, which ``given`` is.

        ``known`` is the preference that has one already. Raises ConsentNeeded, and
        PolicyRefusal where a tier's ``memory_categories`` leave this one out: no consent
        goes beyond what a tier allows to be remembered.
        """
        self.require_allowed(text)
        needed = stated(text)
        if not needed or given or set(needed) <= self.of(known):
            return needed
        self.count_refused()
        names = ", ".join(needed)
        raise ConsentNeeded(
            f"This says something about {names}, which is kept only with your consent.",
            hint="To have it kept and used: repeat it with --consent. You can revoke that "
            "at any time with `assistant preferences revoke ID`.",
        )

    def require_allowed(self, text: str) -> None:
        """Raise PolicyRefusal where a tier does not let this be remembered."""
        source = self._policy.clamp("memory_categories", memory_categories(text)).source
        if source is not None:
            raise PolicyRefusal(
                f"{source.issuer} does not let this be remembered ({source.rule_id}): "
                f"{source.reason}",
                hint=f"Appeal: {source.appeal}",
            )

    def refuse_note(self, text: str) -> None:
        """A note is kept for later prompts and cannot carry a consent. Raises ConsentNeeded."""
        if needed := set(stated(text)) - self.everywhere():
            self.count_refused()
            raise ConsentNeeded(
                f"This note says something about {', '.join(sorted(needed))}, so it is not kept.",
                hint="Say it as a preference: assistant preferences add TEXT --consent",
            )

    def give(self, preference: str, categories: Iterable[Category]) -> None:
        """Record a consent; with no category there is nothing to consent to."""
        names = [category.value for category in categories]
        if not names:
            self._vault.settings.delete(_PREFIX + preference)
            return
        value = {"categories": names, "since": self._now().isoformat(timespec="seconds")}
        self._vault.settings.put(_PREFIX + preference, json.dumps(value))

    def of(self, preference: str) -> set[Category]:
        """What was consented to for one preference."""
        known = _read(self._vault.settings.get(_PREFIX + preference)) if preference else None
        return {Category(name) for name in known["categories"]} if known else set()

    def everywhere(self) -> set[Category]:
        """Every category that some consent covers."""
        return {Category(name) for one in self.list() for name in one.categories}

    def list(self) -> tuple[Consented, ...]:
        """Every consent whose preference is there, oldest first."""
        found = []
        kept = {p.id for p in self._vault.preferences.list()}
        for key, value in self._vault.settings.all().items():
            preference = key.removeprefix(_PREFIX)
            known = _read(value) if key.startswith(_PREFIX) else None
            if known and preference in kept:
                found.append(Consented(preference, tuple(known["categories"]), known["since"]))
        return tuple(sorted(found, key=lambda one: (one.since, one.preference)))

    def require_known(self, preference: str) -> None:
        """Raise NoSuchItem where there is no such consent."""
        if not self.of(preference):
            raise NoSuchItem("There is no consent for that id.")

    def drop(self, preferences: Iterable[str]) -> None:
        """Forget consents whose preference was erased."""
        for preference in preferences:
            self._vault.settings.delete(_PREFIX + preference)

    def count_refused(self) -> None:
        """Count a refused storage: a number, nothing else."""
        self._vault.settings.put(_REFUSED, str(self.refused + 1))

    @property
    def refused(self) -> int:
        """How often storage was refused for want of consent."""
        return int(self._vault.settings.get(_REFUSED) or 0)


def memory_categories(text: str) -> tuple[str, ...]:
    """What a tier's bound on ``memory_categories`` calls this preference.

    The special categories by their names; "form of answers" and "language" for wishes
    about those; else the domains it touches ("food", "travel" …), or "other".
    """
    if special := stated(text):
        return tuple(category.value for category in special)
    reading = read_preference(text)
    if reading.is_style:
        about = {"language" if w.style is Style.LANGUAGE else "form of answers"
                 for w in reading.wishes}  # fmt: skip
        return tuple(sorted(about))
    return tuple(sorted(reading.domains)) or ("other",)


def _read(value: str | None) -> dict[str, Any] | None:
    return json.loads(value) if value else None
