"""Whether wishes about style stay out of questions for one plain fact (``personal.plain_facts``).

With the default model of 135 million parameters they cost right answers; a larger model
follows them and is right. How large the model in use is, the size of its weights tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.engine.registry import ModelEntry
    from assistant.holder.settings import UserSettings

SETTING = "style_on_facts"
LARGE = 600_000_000
"""Bytes of weights: about a billion parameters in four bits."""


def spares_facts(
    models: Callable[[], Sequence[ModelEntry]], settings: UserSettings
) -> Callable[[], bool]:
    """Asked before each question; a model nobody knows the size of counts as small."""

    def spares() -> bool:
        wished = settings.text(SETTING)
        if wished != "auto":
            return wished == "off"
        sizes = [model.size for model in models() if model.in_use and model.kind == "chat"]
        return max(sizes, default=0) < LARGE

    return spares
