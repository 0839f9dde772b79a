"""The request that waits for a proposal the model is still phrasing."""

from __future__ import annotations

from assistant.holder.wire import Request


class AwaitProposal(Request, frozen=True, tag="await-proposal"):
    """Wait for the proposal about an act (``FeedbackGiven.pending``), half a minute at most.

    Reply: ``PreferenceItem``, or ``Done`` when nothing came of it.
    """

    feedback: str


PhrasingRequest = AwaitProposal
