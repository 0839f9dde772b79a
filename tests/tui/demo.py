"""Run the app by hand over the scripted front: ``python -m tests.tui.demo [new|slow|hostile]``."""

from __future__ import annotations

import sys
import threading

from assistant.conversation.events import UsedItem
from assistant.tui import run_tui
from tests.tui.scripted_front import PASSPHRASE, Script, ScriptedFront

ANSWER = """Sourdough needs *time* more than skill. In short:

- **Feed** the starter twice a day
- Mix, fold, and wait about 8 hours
- Bake very hot, with steam

```python
def hydration(water: float, flour: float) -> float:
    return 100 * water / flour  # per cent
```

See [the guide](https://example.org/bread?ref=x) for more.
"""

HOSTILE = "\x1b]52;c;ZXZpbA==\x07\x1b]0;owned\x07\x1b[2J\x9b2J harmless after all"


def front(*, new: bool = False) -> ScriptedFront:
    """A front with a little of everything in it."""
    used = (UsedItem("preference", "p1", "Use bullet lists where they fit.", 0.81),)
    script = Script(default=ANSWER, used=used, propose="short lists", piece=4)
    return ScriptedFront(script, vault="missing" if new else "locked")


def main(words: list[str]) -> int:
    """``new`` begins without a vault, ``slow`` reads prompts for ever, ``hostile`` attacks."""
    made = front(new="new" in words)
    if "slow" in words:
        made.script.prefill_gate = threading.Event()
    if "hostile" in words:
        made.script.default = HOSTILE
    return run_tui(made)


if __name__ == "__main__":
    print(f"passphrase: {PASSPHRASE}")
    sys.exit(main(sys.argv[1:]))
