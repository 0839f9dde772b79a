"""The user's settings: tier 3 wishes, clamped by what the tiers above allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assistant.conversation.events import Ruling
from assistant.errors import UsageError
from assistant.holder.interface import SettingItem

if TYPE_CHECKING:
    from assistant.policy import EffectivePolicy, RuleSource
    from assistant.vault import Vault

_PREFIX = "setting."


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it may be, its default, and which bound of policy limits it."""

    key: str
    kind: Literal["switch", "number", "choice"]
    default: str
    about: str
    bound: str = ""
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0


_SWITCH = ("on", "off")
MANNERS: Mapping[str, str] = {
    "neutral": "",
    "concise": "Be concise.",
    "friendly": "Use a warm, friendly tone.",
    "formal": "Use a formal tone.",
}
"""What each persona tells the model; the names are what policy's bound on it allows."""
SETTINGS: Mapping[str, Setting] = {
    setting.key: setting
    for setting in (
        Setting(
            "personalisation", "switch", "on", "Use what was learned in answers.",
            "personalisation", _SWITCH,
        ),
        Setting(
            "learning", "switch", "on", "Notice preferences in feedback and propose them.",
            "learning", _SWITCH,
        ),
        Setting(
            "recall", "switch", "on", "Let earlier conversations come back when relevant.",
            "recall", _SWITCH,
        ),
        Setting(
            "style_on_facts", "choice", "auto",
            "Wishes about style beside questions for one plain fact; auto: for larger models.",
            choices=("auto", "on", "off"),
        ),
        Setting(
            "persona", "choice", "neutral", "The manner of speaking.",
            "persona", tuple(MANNERS),
        ),
        Setting(
            "temperature", "number", "0.6", "How freely words are drawn; 0 takes the likeliest.",
            "temperature", low=0.0, high=2.0,
        ),
        Setting(
            "max_tokens", "number", "512", "The longest answer, in tokens.",
            "max_tokens", low=1, high=8192,
        ),
        Setting(
            "context_memories", "number", "5", "At most so many memories beside a question.",
            "context_memories", low=0, high=20,
        ),
        Setting(
            "candidates", "number", "1", "Answers generated, of which the profile picks one.",
            low=1, high=3,
        ),
        Setting(
            "idle_minutes", "number", "10", "Lock after so many idle minutes.",
            "idle_minutes", low=1, high=720,
        ),
        Setting(
            "retention_days", "number", "36500", "Forget conversations older than this.",
            "retention_days", low=1, high=36500,
        ),
        Setting(
            "feedback_days", "number", "36500", "Forget feedback older than this.",
            "retention_days", low=1, high=36500,
        ),
        Setting(
            "proposal_days", "number", "90", "Forget proposals nobody answered for so long.",
            "retention_days", low=1, high=36500,
        ),
        Setting(
            "session_minutes", "number", "1440",
            "Say so when a session has run so many minutes; 1440 is never.",
            "session_minutes", low=1, high=1440,
        ),
        Setting(
            "late_notice", "switch", "off", "Say so, once a night, when it is late.",
            "late_notice", _SWITCH,
        ),
        Setting(
            "late_from", "number", "23", "The hour (18 to 23) from which it is late, until 5.",
            low=18, high=23,
        ),
        Setting(
            "feelings_notice", "switch", "on", "Say so when an answer claims feelings or a life.",
            "feelings_notice", _SWITCH,
        ),
        Setting(
            "disclosure", "switch", "off", "Say at the start of a chat that this is a program.",
            "disclosure", _SWITCH,
        ),
        Setting(
            "reflection", "switch", "on", "Once a week, one line about the week.",
            "reflection", _SWITCH,
        ),
        Setting(
            "compare_every", "number", "25",
            "Offer an answer without personalisation every so many answers; 0 is never.",
            "compare_every", low=0, high=1000,
        ),
    )
}  # fmt: skip


class UserSettings:
    """Reads wishes from the vault and says what holds; a value is never above a tier's."""

    def __init__(self, vault: Vault, policy: EffectivePolicy) -> None:
        self._vault, self._policy = vault, policy

    def wish(self, key: str) -> str:
        """What the user asked for, or the default."""
        return self._vault.settings.get(_PREFIX + key) or SETTINGS[key].default

    def text(self, key: str) -> str:
        """The value in force."""
        return self._in_force(SETTINGS[key])[0]

    def number(self, key: str) -> float:
        """A number in force."""
        return float(self.text(key))

    def on(self, key: str) -> bool:
        """Whether a switch is on, in force."""
        return self.text(key) == "on"

    def item(self, key: str) -> SettingItem:
        """The setting as the faces show it, with who manages it."""
        setting = SETTINGS[key]
        value, source = self._in_force(setting)
        managed = source or self._binder(setting)
        return SettingItem(
            key, value, self.wish(key), setting.kind, self._choices(setting),
            None if managed is None else _ruling(managed), setting.about,
        )  # fmt: skip

    def items(self) -> list[SettingItem]:
        """Every setting, in the order of the table."""
        return [self.item(key) for key in SETTINGS]

    def change(self, key: str, value: str) -> SettingItem:
        """Keep a wish; what holds may be clamped. Raises UsageError for nonsense."""
        setting = SETTINGS.get(key)
        if setting is None:
            raise UsageError("There is no such setting.", hint=f"Known: {', '.join(SETTINGS)}.")
        self._vault.settings.put(_PREFIX + key, _checked(setting, value.strip()))
        return self.item(key)

    def _in_force(self, setting: Setting) -> tuple[str, RuleSource | None]:
        wish = self.wish(setting.key)
        if not setting.bound:
            return wish, None
        if setting.kind == "number":
            number = self._policy.clamp(setting.bound, float(wish))
            return f"{number.value:g}", number.source
        chosen = self._policy.clamp(setting.bound, wish)
        if chosen.source is not None and self._policy.allows(setting.bound, setting.default):
            return setting.default, chosen.source
        return str(chosen.value), chosen.source

    def _binder(self, setting: Setting) -> RuleSource | None:
        bound = self._policy.bound(setting.bound) if setting.bound else None
        if bound is None:
            return None
        for limit in (bound.allowed, bound.maximum, bound.minimum):
            if limit is not None:
                return limit.source
        return None

    def _choices(self, setting: Setting) -> tuple[str, ...]:
        bound = self._policy.bound(setting.bound) if setting.bound else None
        if bound is None or bound.allowed is None:
            return setting.choices
        return tuple(c for c in setting.choices if c in bound.allowed.values)


def _checked(setting: Setting, value: str) -> str:
    if setting.kind != "number":
        if value not in setting.choices:
            raise UsageError(f"{setting.key} is one of {', '.join(setting.choices)}.")
        return value
    try:
        number = float(value)
    except ValueError as error:
        raise UsageError(f"{setting.key} is a number.") from error
    if not setting.low <= number <= setting.high:
        raise UsageError(f"{setting.key} is from {setting.low:g} to {setting.high:g}.")
    return f"{number:g}"


def _ruling(source: RuleSource) -> Ruling:
    return Ruling(
        "bound", source.rule_id, source.tier.value, source.issuer,
        source.title, source.reason, source.appeal,
    )  # fmt: skip
