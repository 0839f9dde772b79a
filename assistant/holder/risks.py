"""The benefits and risks of personalisation as rows: control, state, measure, who, how.

The rows are those of the taxonomy in Kirk, Vidgen, Röttger and Hale, *Personalisation
within bounds* (2023). ``rows_of`` is pure. Where a program on one person's machine can do
nothing, the row says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from assistant.holder.interface import SettingItem
    from assistant.holder.measures import Measures
    from assistant.holder.notices import SessionNotice
    from assistant.policy import EffectivePolicy

YOU = "you"
PROGRAM = "this program, by design"


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One benefit or risk. ``set_by`` names the tier where one decides; ``nothing`` says
    what a client cannot do about it, and is empty where it can do its part."""

    kind: Literal["benefit", "risk"]
    level: Literal["individual", "societal"]
    name: str
    control: str
    state: str
    measured: str
    set_by: str
    change: str
    nothing: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """Everything a row may speak of, as it is now."""

    settings: Mapping[str, SettingItem]
    policy: EffectivePolicy
    measures: Measures
    session: SessionNotice | None
    consents: int
    refused_storage: int
    dimensions_acting: int
    dimensions: int
    comments: int
    flattery: str
    model: str


def rows_of(live: Live) -> tuple[RiskRow, ...]:
    """Every row, benefits first, in the order of the paper's table."""
    parts = (
        _individual_benefits, _societal_benefits,
        _risks_of_habit, _risks_of_being_known, _societal_risks,
    )  # fmt: skip
    return tuple(row for part in parts for row in part(live))


def _individual_benefits(live: Live) -> Iterator[RiskRow]:
    m = live.measures
    yield RiskRow(
        "benefit", "individual", "efficiency",
        "answers use what you taught, so that less has to be said again",
        _on(live, "personalisation"),
        f"{m.with_memory} of {m.answered} answers ({m.memory_share:.0%}) used a memory",
        _by(live, "personalisation"), _set("personalisation"),
    )  # fmt: skip
    yield RiskRow(
        "benefit", "individual", "autonomy",
        "nothing inferred acts before your yes; every preference can be read, changed, erased",
        f"{live.dimensions_acting} of {live.dimensions} dimensions of your profile act",
        f"{m.feedback} acts of feedback stand, {m.preferences_used} preferences were used",
        YOU, "assistant preferences proposals; assistant why shows what acted",
    )  # fmt: skip
    yield RiskRow(
        "benefit", "individual", "empathy and companionship",
        "a manner of speaking you choose, without claimed feelings",
        f"persona {live.settings['persona'].value}", "not measured",
        _by(live, "persona"), _set("persona"),
        "A program is no company. This one says so and does not try to be.",
    )  # fmt: skip


def _societal_benefits(live: Live) -> Iterator[RiskRow]:
    m = live.measures
    yield RiskRow(
        "benefit", "societal", "inclusion and accessibility",
        "a plain-line mode for screen readers, small models, no account and no fee",
        f"model {live.model}", "not measured", PROGRAM, "assistant chat --plain",
    )  # fmt: skip
    yield RiskRow(
        "benefit", "societal", "diversity and representation",
        "your own words and your own acts are learned from, never a crowd's",
        _on(live, "learning"), f"{m.feedback} acts of feedback, all yours",
        _by(live, "learning"), _set("learning"),
        "What the base model was trained on cannot be changed here.",
    )  # fmt: skip
    yield RiskRow(
        "benefit", "societal", "democratisation and participation",
        "comments and appeals on any rule, signed and exported for its issuer",
        "on", f"{live.comments} comments written", PROGRAM,
        "assistant policy comment RULE TEXT; preferences share FILE for a community's norms",
        "Whether an issuer listens is not in this program's hands.",
    )  # fmt: skip
    yield RiskRow(
        "benefit", "societal", "labour productivity",
        "the same as efficiency", _on(live, "personalisation"),
        f"{m.answered} answers, {m.tokens:,} tokens written", _by(live, "personalisation"),
        _set("personalisation"), "Who gains from the saved time is not decided here.",
    )  # fmt: skip


def _risks_of_habit(live: Live) -> Iterator[RiskRow]:
    m = live.measures
    yield RiskRow(
        "risk", "individual", "effort",
        "one key gives feedback; at most one proposal an act; nothing has to be taught",
        _on(live, "learning"),
        f"{m.feedback} acts of feedback for {m.answered} answers", _by(live, "learning"),
        _set("learning"),
    )  # fmt: skip
    notice = live.session
    yield RiskRow(
        "risk", "individual", "addiction and over-reliance",
        "session and late-night notices, a weekly look back; no streaks, nothing calls you back",
        f"session notice {f'after {notice.minutes} minutes' if notice else 'off'}, "
        f"late-night notice {live.settings['late_notice'].value}, "
        f"weekly look back {live.settings['reflection'].value}",
        f"about {m.week_minutes} minutes and {m.week_turns} questions in the last 7 days",
        notice.by if notice else _by(live, "session_minutes"),
        f"{_set('session_minutes')}; {_set('late_notice')}; {_set('reflection')}",
    )  # fmt: skip
    yield RiskRow(
        "risk", "individual", "homogenisation and bias reinforcement",
        "a relevance gate, an offer now and then to compare without personalisation, "
        "a flattery check",
        f"{_on(live, 'personalisation')}, comparison offered every "
        f"{live.settings['compare_every'].value} answers",
        f"flattery check: {live.flattery}; {m.answered - m.personalised} answers without "
        "personalisation",
        _by(live, "compare_every"),
        f"assistant risks --check-flattery; assistant ask --beside; {_set('compare_every')}",
    )  # fmt: skip


def _risks_of_being_known(live: Live) -> Iterator[RiskRow]:
    m = live.measures
    yield RiskRow(
        "risk", "individual", "essentialism and profiling",
        "no demographics inferred; ten special categories kept only when you say so and consent",
        f"{live.consents} consents given",
        f"storage refused {live.refused_storage} times for want of consent",
        _memory_by(live), "assistant preferences consents; assistant preferences revoke ID",
    )  # fmt: skip
    required = bool(live.policy.disclosure)
    disclosed = "required by a tier" if required else live.settings["disclosure"].value
    yield RiskRow(
        "risk", "individual", "anthropomorphism",
        "the model is told it is a program; claimed feelings are corrected beside the answer; "
        "a disclosure at the start of a chat",
        f"correction {live.settings['feelings_notice'].value}, disclosure {disclosed}",
        f"{m.claims_of_feelings} of {m.answered} answers spoke as somebody who feels",
        _required_by(live, "disclosure") or _by(live, "feelings_notice"),
        f"{_set('feelings_notice')}; {_set('disclosure')}",
    )  # fmt: skip
    retention = live.settings["retention_days"]
    yield RiskRow(
        "risk", "individual", "privacy",
        "an encrypted vault, no network, incognito, retention limits, erasure that erases",
        f"conversations kept {_days(retention.value)}, feedback "
        f"{_days(live.settings['feedback_days'].value)}, unanswered proposals "
        f"{_days(live.settings['proposal_days'].value)}",
        f"{m.turns} turns and {m.feedback} acts of feedback are kept",
        _by(live, "retention_days"), f"{_set('retention_days')}; assistant erase",
    )  # fmt: skip


def _societal_risks(live: Live) -> Iterator[RiskRow]:
    m = live.measures
    yield RiskRow(
        "risk", "societal", "access disparities",
        "runs on two old cores without a network, an account or a fee",
        f"model {live.model}", "not measured", PROGRAM, "assistant models use ID",
        "Who owns a computer, and whose language models speak well, is not decided here.",
    )  # fmt: skip
    required = _required_by(live, "viewpoints")
    yield RiskRow(
        "risk", "societal", "polarisation",
        "other viewpoints on request, required by tiers on their topics; opinions stay out of "
        "factual questions",
        "required by a tier" if required else "on request",
        f"{m.with_viewpoints} answers gave several viewpoints", required or YOU,
        "assistant ask --viewpoints",
    )  # fmt: skip
    blocks = ", ".join(f"{count} by tier {tier}" for tier, count in m.refusals_by_tier) or "none"
    yield RiskRow(
        "risk", "societal", "malicious use",
        "signed rules of tiers 1 and 2, enforced on this machine before an answer is shown",
        f"{len(live.policy.rules)} rules in force", f"blocked: {blocks}",
        _rules_by(live), "assistant policy status; appeal with assistant policy comment",
        "Whoever patches the program or takes another is not stopped.",
    )  # fmt: skip
    yield RiskRow(
        "risk", "societal", "labour displacement", "none", "none", "not measured", "nobody", "none",
        "A program on one machine can do nothing about this, and does not claim to.",
    )  # fmt: skip
    yield RiskRow(
        "risk", "societal", "environmental harms",
        "one pass an answer unless you ask for more; a limit on length; a token counter",
        f"{live.settings['candidates'].value} candidate(s), at most "
        f"{live.settings['max_tokens'].value} tokens",
        f"{m.tokens:,} tokens written, about {m.watt_hours:g} Wh (assuming {m.watts:g} W)",
        _by(live, "max_tokens"), f"{_set('candidates')}; {_set('max_tokens')}",
        "The energy of training the base model is spent.",
    )  # fmt: skip


def _on(live: Live, key: str) -> str:
    return f"{key} {live.settings[key].value}"


def _by(live: Live, key: str) -> str:
    managed = live.settings[key].managed
    if managed is None:
        return YOU
    return f"{managed.issuer} (tier {managed.tier}, {managed.rule}): {managed.reason}"


def _set(key: str) -> str:
    return f"assistant settings set {key} VALUE"


def _days(value: str) -> str:
    return "for ever" if float(value) >= 36500 else f"{value} days"


def _required_by(live: Live, kind: str) -> str:
    sources = [r.source for r in live.policy.requirements if r.requirement.kind == kind]
    return "; ".join(f"{s.issuer} (tier {s.tier.value}, {s.rule_id}): {s.reason}" for s in sources)


def _memory_by(live: Live) -> str:
    bound = live.policy.bound("memory_categories")
    if bound is None or bound.allowed is None:
        return PROGRAM
    source = bound.allowed.source
    return f"{source.issuer} (tier {source.tier.value}, {source.rule_id}): {source.reason}"


def _rules_by(live: Live) -> str:
    tiers = dict.fromkeys((r.source.issuer, r.source.tier.value) for r in live.policy.rules)
    return ", ".join(f"{issuer} (tier {tier})" for issuer, tier in tiers) or "nobody"
