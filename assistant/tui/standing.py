"""Whether a screen still stands when the answer it waited for arrives."""

from __future__ import annotations

from textual.dom import DOMNode


def stands(screen: DOMNode, *selectors: str) -> bool:
    """Whether it is attached and holds each of these widgets.

    While a screen is being closed (a lock may do that at any moment) its widgets go before
    it does, so that being attached is not enough.
    """
    return screen.is_attached and all(screen.query(one) for one in selectors)
