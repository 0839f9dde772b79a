"""Made the golden vault of the current format; never run again for a released one.

    python -m tests.vectors.vault.make

Its passphrase is tests.vault_world.PASSPHRASE, its key derivation cheap.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from assistant.vault.migrations import MIGRATIONS
from assistant.vault.records import Embedding, FeedbackKind, ItemKind, Span
from tests.vault_world import create, say

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write ``format-N`` and ``format-N.recovery`` beside this file."""
    folder = HERE / f"format-{len(MIGRATIONS)}"
    if folder.exists():
        raise SystemExit(f"{folder} is there; a released format is never made anew")
    vault, recovery = create(folder)
    with vault:
        turn = say(vault, "What is a zebra?", "A striped animal.")
        vault.preferences.add("I like short lists")
        vault.feedback.add(turn.id, FeedbackKind.SCORE, "90", ("fluency",))
        vault.embeddings.put([Embedding(ItemKind.TURN, turn.id, "m", bytes(range(16)))])
        vault.attachments.add(
            turn.id, name="zoo.txt", kind="text", size=14, sha256="0" * 64,
            text="Zebras graze.", spans=[Span(0, 13, 1, 1)], note="a note",
        )  # fmt: skip
        vault.settings.put("idle", "10")
        vault.decision_log.append(
            rule="r", tier="national", issuer="i", where="input", effect="warn", score=0.5
        )
    for name in ("lock", "attempts"):
        (folder / name).unlink(missing_ok=True)
    for path in folder.glob("*.pending"):
        path.unlink()
    (HERE / f"{folder.name}.recovery").write_text(recovery + "\n")
    shutil.rmtree(HERE / "__pycache__", ignore_errors=True)


if __name__ == "__main__":
    main()
