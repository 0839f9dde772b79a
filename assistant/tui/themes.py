"""Four calm themes: dark, light, high contrast and no colour. One accent each."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="dark", dark=True, primary="#84c5b4", secondary="#84c5b4", accent="#84c5b4",
    foreground="#d5d8dd", background="#15171b", surface="#1c1f24", panel="#262a31",
    success="#84c5b4", warning="#d8b06a", error="#dd8a84",
    variables={
        "muted": "#868c96",
        "block-cursor-background": "#84c5b4", "block-cursor-foreground": "#15171b",
        "block-cursor-text-style": "bold", "border": "#84c5b4", "border-blurred": "#262a31",
        "input-selection-background": "#84c5b4 30%", "scrollbar": "#262a31",
        "scrollbar-hover": "#3a404a", "scrollbar-active": "#84c5b4",
        "scrollbar-background": "#15171b", "scrollbar-background-hover": "#15171b",
        "scrollbar-background-active": "#15171b", "scrollbar-corner-color": "#15171b",
    },
)  # fmt: skip

LIGHT = Theme(
    name="light", dark=False, primary="#1c6b5e", secondary="#1c6b5e", accent="#1c6b5e",
    foreground="#2a2d33", background="#faf9f6", surface="#f1efea", panel="#e4e1da",
    success="#1c6b5e", warning="#8a5a00", error="#a83a32",
    variables={
        "muted": "#6c7078",
        "block-cursor-background": "#1c6b5e", "block-cursor-foreground": "#faf9f6",
        "block-cursor-text-style": "bold", "border": "#1c6b5e", "border-blurred": "#d3cfc6",
        "input-selection-background": "#1c6b5e 25%", "scrollbar": "#d3cfc6",
        "scrollbar-hover": "#b9b4a9", "scrollbar-active": "#1c6b5e",
        "scrollbar-background": "#faf9f6", "scrollbar-background-hover": "#faf9f6",
        "scrollbar-background-active": "#faf9f6", "scrollbar-corner-color": "#faf9f6",
    },
)  # fmt: skip

HIGH_CONTRAST = Theme(
    name="high-contrast", dark=True, primary="#ffff00", secondary="#ffff00", accent="#ffff00",
    foreground="#ffffff", background="#000000", surface="#000000", panel="#333333",
    success="#00ff00", warning="#ffff00", error="#ff8080",
    text_alpha=1.0,
    variables={
        "muted": "#e0e0e0",
        "block-cursor-background": "#ffff00", "block-cursor-foreground": "#000000",
        "block-cursor-text-style": "reverse bold", "border": "#ffff00", "border-blurred": "#ffffff",
        "input-selection-background": "#0000ff",
        "scrollbar": "#ffffff", "scrollbar-background": "#000000",
    },
)  # fmt: skip

# Only the terminal's own foreground and background: meaning is carried by words,
# bold, underline and reverse. Chosen by itself when NO_COLOR is set (no-color.org).
NO_COLOUR = Theme(
    name="no-colour", dark=True, ansi=True, primary="ansi_default", secondary="ansi_default",
    accent="ansi_default", foreground="ansi_default", background="ansi_default",
    surface="ansi_default", panel="ansi_default", boost="ansi_default",
    success="ansi_default", warning="ansi_default", error="ansi_default",
    variables={
        "ansi-background": "ansi_default", "ansi-foreground": "ansi_default",
        "muted": "ansi_default", "border": "ansi_default", "border-blurred": "ansi_default",
        "block-cursor-background": "ansi_default", "block-cursor-foreground": "ansi_default",
        "block-cursor-text-style": "reverse bold", "input-cursor-text-style": "reverse",
        "block-cursor-blurred-text-style": "bold",
    },
)  # fmt: skip

THEMES = (DARK, LIGHT, HIGH_CONTRAST, NO_COLOUR)
NAMES = tuple(theme.name for theme in THEMES)


def fitting(wish: str, colours: str | None, *, no_color: bool) -> str:
    """The theme to begin with: as wished, unless NO_COLOR is set.

    ``colours`` is what the terminal can show, in Rich's words. Among 16 colours the dark and
    the light theme lose their accent and most of their greys; high contrast loses nothing.
    """
    if no_color:
        return "no-colour"
    return wish or ("high-contrast" if colours == "standard" else "dark")
