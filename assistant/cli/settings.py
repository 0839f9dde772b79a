"""`assistant settings` and `assistant profile`: how it behaves, and what it learned of style."""

from __future__ import annotations

import argparse

from assistant.cli.context import Context
from assistant.cli.output import print_json, say
from assistant.holder.interface import (
    AnyRequest,
    ChangeSetting,
    GetSettings,
    ProfileItem,
    ProfileQuery,
    SetProfile,
    SettingItem,
)

_WIDTH = 21


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the nouns and their verbs."""
    settings = commands.add_parser("settings", help="what you can set, and who bounds it")
    settings.set_defaults(run=run, noun="settings", verb="list", json=False)
    verbs = settings.add_subparsers(dest="verb", metavar="VERB")
    listing = verbs.add_parser("list", help="every setting")
    change = verbs.add_parser("set", help="change one; a tier may clamp it and says so")
    change.add_argument("key", metavar="KEY", help="as `settings list` shows it")
    change.add_argument("value", metavar="VALUE", help="on, off, a number, or one of its choices")
    profile = commands.add_parser("profile", help="the style profile: learned, set, locked")
    profile.set_defaults(run=run, noun="profile", verb="list", json=False)
    sliders = profile.add_subparsers(dest="verb", metavar="VERB")
    drawn = sliders.add_parser("list", help="every dimension with its error bar")
    slide = sliders.add_parser("set", help="set a dimension, from -1 to 1")
    slide.add_argument(
        "dimension",
        metavar="DIMENSION",
        help="length, structure, formality, directness, hedging, examples, emoji or reading_level",
    )
    slide.add_argument(
        "value",
        type=float,
        metavar="VALUE",
        help="-1 is its left end, 1 its right",
    )
    slide.add_argument("--lock", action="store_true", help="keep it there whatever is learned")
    release = sliders.add_parser("release", help="leave it to what is learned")
    release.add_argument("dimension", metavar="DIMENSION", help="as `profile list` shows it")
    for parser in (listing, change, drawn, slide, release):
        parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """List or change."""
    for reply in context.application().handle(_request(arguments)):
        if arguments.json:
            print_json(reply)
        elif isinstance(reply, SettingItem):
            _show_setting(reply)
        elif isinstance(reply, ProfileItem):
            say(drawn(reply))
    return 0


def _request(arguments: argparse.Namespace) -> AnyRequest:
    match (arguments.noun, arguments.verb):
        case ("settings", "set"):
            return ChangeSetting(arguments.key, arguments.value)
        case ("settings", _):
            return GetSettings()
        case ("profile", "set"):
            return SetProfile(arguments.dimension, arguments.value, arguments.lock)
        case ("profile", "release"):
            return SetProfile(arguments.dimension)
        case _:
            return ProfileQuery()


def _show_setting(item: SettingItem) -> None:
    wished = f" (you asked for {item.wish})" if item.wish != item.value else ""
    say(f"{item.key:<18} {item.value}{wished}")
    say(f"{'':<18} {item.about}")
    if item.managed is not None:
        managed = item.managed
        say(f"{'':<18} Managed by {managed.issuer}, rule {managed.rule}: {managed.reason}")


def drawn(item: ProfileItem) -> str:
    """A dimension as a slider: ● the value, ━ its error bar, from the low end to the high."""

    def place(value: float) -> int:
        return round((max(-1.0, min(1.0, value)) + 1) / 2 * (_WIDTH - 1))

    bar = ["─"] * _WIDTH
    for at in range(place(item.low), place(item.high) + 1):
        bar[at] = "━"
    bar[place(item.value)] = "●"
    acts = "" if item.acts else ", not used"
    return (
        f"{item.dimension:<14} {item.low_end:>20} {''.join(bar)} {item.high_end:<22}"
        f" {item.value:+.2f} ({item.source}{acts})"
    )
