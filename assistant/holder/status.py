"""The status line: model, tiers, memory, personalisation, context."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assistant.engine.interfaces import Phase
from assistant.holder.interface import StatusLine
from assistant.holder.notices import disclosures, session_notice
from assistant.holder.policy_dates import policy_dates

if TYPE_CHECKING:
    from assistant.holder.parts import Parts
    from assistant.holder.settings import UserSettings

_WORDS = {
    Phase.LOADING: "loading",
    Phase.READY: "ready",
    Phase.GENERATING: "ready",
    Phase.RESTARTING: "restarting",
    Phase.STOPPED: "stopped",
    Phase.FAILED: "failed",
}


def status_line(parts: Parts, settings: UserSettings, context: tuple[int, int]) -> StatusLine:
    """The state of things now; ``context`` is used and size in tokens, of the last turn."""
    session = session_notice(parts.policy, settings)
    return StatusLine(
        model=parts.model_file()[0],
        model_state=_WORDS[parts.model.state.phase],
        memory_state=_WORDS[parts.memory.state.phase],
        tiers=parts.tiers,
        alarms=parts.alarms,
        personalise=settings.on("personalisation"),
        context_used=context[0],
        context_size=context[1],
        notices=tuple(notice.message for notice in parts.vault.notices),
        disclosure=disclosures(parts.policy, settings),
        notice_minutes=session.minutes if session else 0,
        notice_text=f"{session.text} ({session.by})" if session else "",
        held_by=parts.face,
        pid=os.getpid(),
        policy_dates=policy_dates(parts.authorities, parts.now()),
    )
