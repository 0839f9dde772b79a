"""Trust roots: which authorities bind this machine and this home.

There are three ways in and no others: the package, the system folder an administrator
owns, and an enrolment the user typed a fingerprint for. No variable, flag, setting or
bundle adds, removes or replaces a root.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from assistant.errors import AssistantError, BundleUnverified, PolicyInvalid
from assistant.policy.floors import Floors
from assistant.policy.model import Tier
from assistant.policy.root_chain import read_root_claim
from assistant.policy.sources import MAX_METADATA, BundleSource, open_source


class ManagedBy(StrEnum):
    """Who pinned an authority, which is who may unpin it."""

    PACKAGE = "package"
    SYSTEM = "system"
    ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True)
class Pin:
    """A trust root: the id is the sha256 of the authority's first root."""

    authority: str
    tier: Tier
    issuer: str
    managed_by: ManagedBy


@dataclass(frozen=True, slots=True)
class SystemAuthority:
    """An authority in the system folder, with where its bundle lies."""

    pin: Pin
    path: Path


def system_policy_folder() -> Path:
    """The administrator's folder on this platform; fixed, so that nobody can move it."""
    if sys.platform == "darwin":
        return Path("/Library/Application Support/assistant/policy")
    if sys.platform == "win32":
        return _program_data() / "assistant" / "policy"
    return Path("/etc/assistant/policy")


def _program_data() -> Path:
    # %ProgramData% itself is a variable the user can set; the known folder is not.
    import ctypes

    buffer = ctypes.create_unicode_buffer(260)
    csidl_common_appdata = 0x23
    ctypes.windll.shell32.SHGetFolderPathW(  # type: ignore[attr-defined,unused-ignore]
        None, csidl_common_appdata, None, 0, buffer
    )
    return Path(buffer.value)


def read_system_authorities(system_folder: Path) -> tuple[SystemAuthority, ...]:
    """Every authority an administrator put there: a folder or a zip, each one bundle.

    Names starting with a dot and plain files that are not zips are passed over. Anything
    else must hold a sound first root, because skipping it would be "no policy".

    Raises:
        PolicyInvalid: the folder, or an entry in it, cannot be read or is no authority.
    """
    found: list[SystemAuthority] = []
    for path in _entries(system_folder):
        try:
            pin = _pin_of(open_source(path))
        except (AssistantError, OSError) as error:
            raise PolicyInvalid(
                f"The system policy folder holds an entry that cannot be used: {path.name}.",
                hint="Ask whoever manages this computer to install its policy again.",
            ) from error
        found.append(SystemAuthority(pin, path))
    return tuple(found)


def _entries(system_folder: Path) -> list[Path]:
    try:
        paths = sorted(system_folder.iterdir())
        return [path for path in paths if not path.name.startswith(".") and _may_be_bundle(path)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PolicyInvalid("The system policy folder cannot be read.") from error


def _may_be_bundle(path: Path) -> bool:
    return path.suffix.lower() == ".zip" or not path.is_file()


def _pin_of(source: BundleSource) -> Pin:
    first = source.read("1.root.json", MAX_METADATA)
    if first is None:
        raise BundleUnverified("There is no first root.")
    claim = read_root_claim(first)
    return Pin(claim.authority, claim.tier, claim.issuer, ManagedBy.SYSTEM)


def enrolled_pins(floors: Floors) -> tuple[Pin, ...]:
    """The authorities this home was bound to by its user."""
    return tuple(
        Pin(authority, Tier(entry.tier), entry.issuer, ManagedBy.ENROLLED)
        for authority, entry in sorted(floors.enrolled.items())
    )


def all_pins(system: Iterable[SystemAuthority], floors: Floors) -> tuple[Pin, ...]:
    """System pins, then enrolled ones; one pinned both ways is the administrator's."""
    pins = {entry.pin.authority: entry.pin for entry in system}
    for pin in enrolled_pins(floors):
        pins.setdefault(pin.authority, pin)
    return tuple(pins.values())


def writable_by_others(system_folder: Path) -> bool:
    """Whether somebody who is no administrator could change the system folder (POSIX)."""
    if sys.platform == "win32":
        return False
    try:
        folders = [system_folder, *(entry for entry in system_folder.iterdir() if entry.is_dir())]
        return any(folder.stat().st_mode & 0o022 for folder in folders)
    except OSError:
        return False
