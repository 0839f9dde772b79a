"""Everything policy binds and every model of this home, read anew for each answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.conversation.events import Ruling
from assistant.holder.overview_wire import (
    AuthorityItem,
    Fits,
    ModelItem,
    PolicyItem,
    PolicyWish,
)
from assistant.holder.settings import SETTINGS, UserSettings

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.engine import ModelEntry
    from assistant.holder.parts import Parts
    from assistant.policy import AuthorityState, EffectivePolicy, PolicyDocument, RuleSource
    from assistant.policy.explain import Explanation

TIGHT = 0.5
"""Above this share of the machine's memory a model leaves little for anything else."""


def policy_items(parts: Parts, settings: UserSettings) -> Iterator[AuthorityItem | PolicyItem]:
    """Authorities, then every rule, bound and requirement with who set it."""
    from assistant.policy.explain import explain

    authorities = [_authority(state, parts.documents) for state in parts.authorities]
    yield from authorities
    by = {(one.tier, one.issuer): one for one in authorities}
    places = {rule.rule.id: tuple(rule.rule.where) for rule in parts.policy.rules}
    for part in explain(parts.policy):
        if part.sources:
            yield _item(part, places.get(part.key, ()), by, settings)


def _authority(state: AuthorityState, documents: tuple[PolicyDocument, ...]) -> AuthorityItem:
    said = next((d for d in documents if (d.tier, d.issuer) == (state.tier, state.issuer)), None)
    return AuthorityItem(
        tier=state.tier.value, issuer=state.issuer, version=state.version,
        authority=state.authority, expires=_stamp(state.expires),
        fresh_until=_stamp(state.fresh_until), freshness=state.freshness.value,
        last_import=_stamp(state.last_import), managed_by=state.managed_by.value,
        alarm=state.alarm, summary=said.summary if said else "",
        contact=said.contact if said else "", appeal=said.appeal if said else "",
        consulted=said.consulted if said else (),
    )  # fmt: skip


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""


def _item(
    part: Explanation, places: tuple[str, ...], by: dict[tuple[str, str], AuthorityItem],
    settings: UserSettings,
) -> PolicyItem:  # fmt: skip
    source = part.sources[0]
    wishes = tuple(
        PolicyWish(
            wish.source.tier.value, wish.source.issuer, wish.source.rule_id, wish.value,
            wish.value == part.value if part.kind == "rule" else wish.source in part.sources,
        )
        for wish in part.wishes
    )  # fmt: skip
    return PolicyItem(
        key=part.key, kind=part.kind, value=part.value, source=_ruling(source, part),  # type: ignore[arg-type]
        where=places, wishes=wishes,
        clamped=tuple(_clamped(part.key, settings)) if part.kind == "bound" else (),
        by=by.get((source.tier.value, source.issuer)),
    )  # fmt: skip


def _ruling(source: RuleSource, part: Explanation) -> Ruling:
    effect = part.value if part.kind == "rule" else part.kind
    return Ruling(
        effect, source.rule_id, source.tier.value, source.issuer, source.title, source.reason,
        source.appeal,
    )  # fmt: skip


def _clamped(bound: str, settings: UserSettings) -> Iterator[str]:
    """What the user set and did not get; a default nobody chose is no wish."""
    for key, setting in SETTINGS.items():
        if setting.bound != bound:
            continue
        item = settings.item(key)
        if item.wish not in (setting.default, item.value):
            yield f"{key}: you asked for {item.wish}, {item.value} holds"


def model_items(parts: Parts) -> Iterator[ModelItem]:
    """Every model with what a person decides by."""
    machine = parts.machine_memory()
    for entry in parts.models():
        yield ModelItem(
            id=entry.id, name=entry.name, kind=entry.kind, size=entry.size, memory=entry.memory,
            licence=entry.licence, sha256=entry.sha256, in_use=entry.in_use,
            present=entry.present, added=entry.added, machine=machine,
            fits=fits(entry.memory, machine), managed=_forbidden(entry, parts.policy),
            runs=parts.runs(entry.sha256) if entry.in_use and entry.kind == "chat" else "",
        )  # fmt: skip


def fits(memory: int, machine: int) -> Fits:
    """Whether so many bytes fit this machine; 0 is a machine whose memory is not known."""
    if not machine:
        return "unknown"
    if memory > machine:
        return "no"
    return "tight" if memory > TIGHT * machine else "yes"


def _forbidden(entry: ModelEntry, policy: EffectivePolicy) -> Ruling | None:
    if entry.kind != "chat":
        return None
    source = policy.clamp("models", entry.sha256).source
    if source is None:
        return None
    return Ruling(
        "bound", source.rule_id, source.tier.value, source.issuer, source.title, source.reason,
        source.appeal,
    )  # fmt: skip
