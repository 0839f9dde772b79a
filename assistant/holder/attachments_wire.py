"""Requests and replies about files attached to questions.

Part of the application interface; ``interface`` puts them into its unions. The face reads
the file, since the holder may be another process in another folder, and sends its bytes.
"""

from __future__ import annotations

from assistant.holder.wire import Reply, Request


class Attach(Request, frozen=True, tag="attach"):
    """Make a file ready for the next question; it waits in memory until it is asked about.

    Reply: ``AttachmentItem``, whose id ``Ask.attachments`` takes. Raises AttachmentRefused.
    """

    name: str
    data: bytes


class ListAttachments(Request, frozen=True, tag="list-attachments"):
    """The files of a conversation ("last" is the latest), oldest first; "" lists those that
    wait for a question.

    Reply: ``AttachmentItem`` each.
    """

    conversation: str = ""


class Detach(Request, frozen=True, tag="detach"):
    """Drop a file that waits, or erase one that was asked about, every copy. Reply: ``Done``."""

    id: str


class AttachmentItem(Reply, frozen=True, tag="attachment"):
    """A file as it was read. ``size`` in bytes, ``tokens`` of its whole text.

    ``share`` is that of the model's window (1.0 is all of it; 0.0 is unknown); ``whole``
    says whether it can stand beside a question whole. ``counted``: not merely estimated.
    """

    id: str
    name: str
    kind: str
    size: int
    tokens: int
    counted: bool
    share: float
    whole: bool
    parts: int
    note: str = ""
    turn: str = ""


AttachmentRequest = Attach | ListAttachments | Detach
AttachmentReply = AttachmentItem
