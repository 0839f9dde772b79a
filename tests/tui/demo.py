"""Run the app by hand over the scripted front: ``python -m tests.tui.demo [new]``."""

from __future__ import annotations

import sys

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


def front(*, new: bool = False) -> ScriptedFront:
    """A front with a little of everything in it."""
    used = (UsedItem("preference", "p1", "Use bullet lists where they fit.", 0.81),)
    script = Script(default=ANSWER, used=used, propose="short lists", piece=4)
    made = ScriptedFront(script, vault="missing" if new else "locked")
    return made


if __name__ == "__main__":
    print(f"passphrase: {PASSPHRASE}")
    sys.exit(run_tui(front(new="new" in sys.argv)))
