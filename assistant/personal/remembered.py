"""What this room remembers of texts it has read, so that it need not read them twice.

These caches hold plaintext for as long as the process lives. Whoever locks the vault or
erases an item calls ``forget_texts``.
"""

from __future__ import annotations

from assistant.personal.dimensions import measure
from assistant.personal.domains import domains
from assistant.personal.features import features
from assistant.personal.preferences import read_preference
from assistant.personal.words import stem, subject_stems


def forget_texts() -> None:
    """Empty every cache that holds a text or a word of the user's or the model's."""
    for cached in (measure, domains, features, read_preference, stem, subject_stems):
        cached.cache_clear()
