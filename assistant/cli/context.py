"""What a command is given: the home, the passphrase on request, the application."""

from __future__ import annotations

import contextlib
import getpass
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from assistant.cli.output import complain
from assistant.errors import (
    ConfirmationMissing,
    UsageError,
    VaultError,
    VaultLocked,
    WrongPassphrase,
)

if TYPE_CHECKING:
    from assistant.app import LocalFront
    from assistant.holder.interface import Application
    from assistant.holder.socket import RemoteApplication

_PASSPHRASE_LIMIT = 4096


TerminalApp = Callable[["LocalFront"], int]


class Context:
    """One command's surroundings; closes what it opened when the command ends."""

    def __init__(
        self, home: Path | None, passphrase_file: Path | None, terminal_app: TerminalApp
    ) -> None:
        self._home = home
        self.terminal_app = terminal_app
        self._passphrase_file = passphrase_file
        self._front: LocalFront | None = None
        self._application: Application | None = None
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    @property
    def passphrase_file(self) -> Path | None:
        """What --passphrase-file named."""
        return self._passphrase_file

    @property
    def front(self) -> LocalFront:
        """The wired program for this home, built on first use."""
        if self._front is None:
            from assistant.app import LocalFront, default_settings

            self._front = LocalFront(default_settings(self._home))
            self._closing.callback(self._front.lock)
        return self._front

    @property
    def home(self) -> Path:
        """The folder that holds all state, absolute."""
        from assistant.app import home_folder

        return home_folder(self._home)

    def holder_elsewhere(self) -> RemoteApplication | None:
        """Another process that holds this home's vault, found without policy or vault."""
        from assistant.holder.socket import RemoteApplication

        if self._front is not None:
            return self._front.holder_elsewhere()
        return RemoteApplication.find(self.home)

    @property
    def terminal(self) -> bool:
        """Whether there is a person to ask."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def application(self, *, warm: bool = False) -> Application:
        """The holder of this home's vault: the one already running, or this process.

        Asked again, it is the same. ``warm`` starts the children while the passphrase is
        typed or derived. Raises VaultMissing, VaultLocked, WrongPassphrase.
        """
        if self._application is None:
            self._application = self._found(warm=warm)
        return self._application

    def _found(self, *, warm: bool) -> Application:
        remote = self.holder_elsewhere()
        if remote is not None:
            return remote
        # First the vault's code, so that the key's derivation, the longest step, begins at
        # once; policy is judged and the children load beside it.
        self.front.require_vault()
        if warm:
            self.front.warm_up()
        return self.unlock()

    def unlock(self) -> Application:
        """Open the vault in this process; a person may try three times."""
        if self._passphrase_file is None:
            try:
                opened = self.front.unlock_by_keychain()
            except VaultError as error:
                complain(f"{error.message} {error.hint}")
            else:
                if opened is not None:
                    return opened
        if self._passphrase_file is not None or not self.terminal:
            return self.front.unlock(self.passphrase())
        for attempt in range(3):
            try:
                return self.front.unlock(self.passphrase())
            except WrongPassphrase as error:
                if attempt == 2:
                    raise
                complain(error.message)
        raise AssertionError("unreachable")

    def passphrase(self, prompt: str = "Passphrase: ") -> str:
        """From --passphrase-file, or typed. Raises VaultLocked with nobody to ask."""
        if self._passphrase_file is not None:
            return read_secret(self._passphrase_file)
        if not self.terminal:
            raise VaultLocked("The vault is locked and there is no terminal to ask on.")
        return getpass.getpass(prompt)

    @property
    def opened(self) -> Application | None:
        """What ``application`` gave already, where it was asked for."""
        return self._application

    def application_with(self, passphrase: str) -> Application:
        """Like ``application``, with a passphrase that was asked for already."""
        return self._application or self.holder_elsewhere() or self.front.unlock(passphrase)

    def new_passphrase(self, file: Path | None = None) -> str:
        """A passphrase to make: from the file, or typed twice with its strength said."""
        if file is not None:
            given = read_secret(file)
        elif not self.terminal:
            raise ConfirmationMissing(
                "A new passphrase is needed and there is no terminal to ask on.",
                hint="Give the file option for it.",
            )
        else:
            given = self._typed_twice()
        if not given:
            raise UsageError("An empty passphrase protects nothing.", hint="Choose a longer one.")
        return given

    def _typed_twice(self) -> str:
        while True:
            first = getpass.getpass("New passphrase: ")
            strength = self.front.strength(first)
            bar = "█" * (strength.score + 1) + "░" * (4 - strength.score)
            complain(f"  {bar} {strength.word}. {strength.advice}")
            if getpass.getpass("Once more: ") == first:
                return first
            complain("They differ. Again:")

    def confirm(self, question: str, *, yes: bool, flag: str = "--yes") -> None:
        """Ask for a yes; without a terminal the flag must have been given."""
        if yes:
            return
        if not self.terminal:
            raise ConfirmationMissing("This needs a yes.", hint=f"Repeat it with {flag}.")
        complain(f"{question} [y/N] ")
        if input().strip().lower() not in {"y", "yes"}:
            raise UsageError("Nothing was changed.", hint="")

    def progress(self, text: str) -> None:
        """A progress line for a person; silent where nobody watches."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def read_secret(path: Path) -> str:
    """The first line of a file, or of stdin for "-". Raises UsageError."""
    if str(path) == "-":
        line = sys.stdin.buffer.readline(_PASSPHRASE_LIMIT + 1)
    else:
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                line = file.readline(_PASSPHRASE_LIMIT + 1)
        except OSError as error:
            raise UsageError(
                "The passphrase file cannot be read.", hint="Check --passphrase-file."
            ) from error
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            complain("Note: others on this machine may read the passphrase file (chmod 600).")
    if len(line) > _PASSPHRASE_LIMIT:
        raise UsageError("The passphrase is longer than 4,096 bytes.", hint="Shorten it.")
    try:
        return line.rstrip(b"\r\n").decode()
    except UnicodeDecodeError as error:
        raise UsageError("The passphrase file is not UTF-8 text.", hint="Re-save it.") from error
