"""Acts of feedback and dimensions of the profile, as the faces draw them."""

from __future__ import annotations

from assistant.conversation.events import Ruling
from assistant.holder.replies import FeedbackItem, ProfileItem
from assistant.personal.dimensions import ENDS
from assistant.personal.feedback import chosen_answer
from assistant.personal.profile import DimensionState
from assistant.vault.records import Feedback, FeedbackKind


def feedback_item(act: Feedback) -> FeedbackItem:
    """An act as it is listed: a choice by the answer that was picked."""
    is_note = act.kind is FeedbackKind.NOTE
    value = chosen_answer(act) or act.value
    return FeedbackItem(
        act.id, act.turn_id, act.kind.value, "" if is_note else value,
        act.value if is_note else "", act.reasons, act.created.isoformat(), act.undone,
    )  # fmt: skip


def profile_item(state: DimensionState) -> ProfileItem:
    """A dimension as the faces draw it."""
    ends, bound = ENDS[state.dimension], state.bound
    managed = None
    if bound is not None:
        managed = Ruling(
            "bound", f"profile.{state.dimension.value}", "", bound.by,
            f"{state.dimension.value} is bounded", bound.reason, "",
        )  # fmt: skip
    return ProfileItem(
        state.dimension.value, state.value, state.low, state.high, state.source,
        state.acts, ends.low, ends.high, state.words, managed,
    )  # fmt: skip
