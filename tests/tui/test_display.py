"""Theme and motion are chosen once and kept beside the vault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.tui.display import MAX_BYTES, Display, keep_display, read_display
from assistant.tui.themes import NAMES
from tests.tui.driving import Drive, opened


def test_without_a_file_nothing_is_chosen(tmp_path: Path) -> None:
    assert read_display(tmp_path / "display.toml") == Display("", reduced_motion=False)


@pytest.mark.parametrize("theme", ["", *NAMES])
@pytest.mark.parametrize("reduced", [True, False])
def test_what_is_kept_is_read_again_and_nothing_else_is_left(
    tmp_path: Path, theme: str, reduced: bool
) -> None:
    file = tmp_path / "display.toml"
    assert keep_display(file, Display(theme, reduced))
    assert read_display(file) == Display(theme, reduced)
    assert [path.name for path in tmp_path.iterdir()] == ["display.toml"]


@pytest.mark.parametrize(
    "content",
    [b'theme = "pink"\n', b"theme = 3\n", b"[theme\n", b'motion = "none"\n', b"\xff\xfe",
     b"#" * (MAX_BYTES + 1)],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_what_it_may_hold(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "display.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError) as told:
        read_display(file)
    assert "high-contrast" in told.value.hint


def test_where_it_cannot_be_kept_the_old_one_stays(tmp_path: Path) -> None:
    assert not keep_display(tmp_path / "gone" / "display.toml", Display("light"))


def motion(drive: Drive) -> str:
    """What Textual is told to animate."""
    return drive.app.animation_level


async def test_a_theme_and_less_motion_are_kept_by_key() -> None:
    kept: list[Display] = []

    def keep(display: Display) -> bool:
        kept.append(display)
        return len(kept) < 3

    async with opened(theme="dark", reduced_motion=False, keep=keep) as drive:
        assert motion(drive) == "basic"
        await drive.keys("f12")
        assert drive.app.theme == "light"
        await drive.keys("shift+f12")
        assert motion(drive) == "none"
        assert kept == [Display("light"), Display("light", reduced_motion=True)]
        await drive.keys("shift+f12")
        assert motion(drive) == "basic"
        assert "could not be kept" in drive.words


async def test_less_motion_alone_keeps_no_theme_nobody_chose() -> None:
    kept: list[Display] = []

    def keep(display: Display) -> bool:
        kept.append(display)
        return True

    async with opened(theme="", reduced_motion=False, keep=keep) as drive:
        await drive.keys("shift+f12")
        assert kept == [Display("", reduced_motion=True)]


def test_animations_the_environment_refused_stay_off() -> None:
    made = (
        "from tests.tui.driving import app_over;"
        "from tests.tui.scripted_front import ScriptedFront;"
        "print(app_over(ScriptedFront(), reduced_motion=False).animation_level)"
    )
    told = subprocess.run(
        [sys.executable, "-c", made], env={**os.environ, "TEXTUAL_ANIMATIONS": "none"},
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout == "none\n"
