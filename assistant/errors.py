"""Every error a person can meet, in one tree.

::

    AssistantError                     70  a fault of ours
    ├── UsageError                      2  the command was wrong
    │   ├── ConfirmationMissing         2  needs --yes, --confirm or --fingerprint
    │   │   └── ConsentNeeded           2  a special category of personal data
    │   ├── AttachmentRefused           2  a file that cannot be attached
    │   └── NoSuchItem                  2  an id that names nothing
    ├── VaultError                      3
    │   ├── VaultMissing                3  no vault in this home yet
    │   ├── VaultExists                 2  a vault is already here
    │   ├── VaultLocked                 3  needs the passphrase
    │   ├── WrongPassphrase             3
    │   ├── UnlockTooSoon               3  slowed after failed attempts
    │   ├── UnsafeKeyParameters         3  below the floor or absurdly high
    │   ├── VaultDamaged                3  something on disk was altered or lost
    │   ├── VaultTooNew                 3  written by a newer program
    │   └── VaultBusy                   3  another process holds it
    ├── PolicyError                     4
    │   ├── PolicyMissing               4  a pinned authority without a valid bundle
    │   ├── PolicyInvalid               4  a document or bundle that cannot be trusted
    │   │   ├── DocumentInvalid         4  the policy document itself, with its line
    │   │   ├── BundleUnverified        4  signatures, hashes, lengths, binding
    │   │   ├── BundleRolledBack        4  older than one already accepted
    │   │   └── BundleStale             4  freshness ran out (freeze attack)
    │   ├── GuardFailed                 4  a guard model gave no verdict: the gate closes
    │   ├── PolicyConflict              4  bounds that leave no allowed value
    │   └── PolicyTestsFailed           1  the document's own examples fail
    ├── PolicyRefusal                   1  a decision of policy where a value cannot carry it
    │   └── YesNeeded                   1  a rule asks before something leaves the vault
    ├── ModelError                      5
    │   ├── ModelMissing                5
    │   ├── ModelInvalid                5  not a GGUF, altered, or will not load
    │   ├── HistoryTooLong              5  question fits, history does not: drop turns
    │   └── PromptTooLong               5  the question alone exceeds the window
    ├── EngineError                    70
    │   ├── ChildDied                  70  a child process ended; it is restarted
    │   ├── ChildStalled               70  a child did not answer in time
    │   └── ProtocolViolation          70  a child sent what the protocol forbids
    ├── StorageError                   70
    │   ├── DiskFull                   70
    │   ├── ReadOnlyStorage            70
    │   └── UnsafePermissions          70  somebody else may read or write it
    ├── HolderError                    70
    │   ├── HolderGone                 70  the process holding the vault went away
    │   └── ReplyTooLong               70  more than goes from one process to another
    └── NetworkError                   70  only `policy sync` and `models pull`

A refusal by policy during a turn and a cancelled turn are values (events), not
exceptions. Messages never contain the user's text, key bytes or a vendor's error
text; the vendor error stays reachable as ``__cause__`` for a debugger only.
"""

from __future__ import annotations

from typing import ClassVar


class AssistantError(Exception):
    """Base of all: a message for a person, a hint to act on, an exit code.

    ``message`` says what happened in one sentence; ``hint`` names the cure.
    Neither may hold text the user wrote nor key material.
    """

    exit_code: ClassVar[int] = 70
    default_hint: ClassVar[str] = "Run `assistant doctor`; if it finds nothing, this is our bug."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint


class UsageError(AssistantError):
    """The command or its input was wrong."""

    exit_code = 2
    default_hint = "Run the command with --help to see what it takes."


class ConfirmationMissing(UsageError):
    """Something that needs a yes was asked for without a terminal to ask on."""

    default_hint = "Repeat the command with the flag that confirms it."


class ConsentNeeded(ConfirmationMissing):
    """Something about a special category of personal data, without consent to keep it."""

    default_hint = "Repeat it with --consent if you want it kept."


class AttachmentRefused(UsageError):
    """A file that cannot be attached to a question."""

    default_hint = "Attach a text, Markdown, PDF or code file."


class NoSuchItem(UsageError):
    """An id that names nothing in this vault."""

    default_hint = "List the items to see their ids."


class VaultError(AssistantError):
    """The vault cannot be used as asked."""

    exit_code = 3
    default_hint = "Run `assistant doctor`."


class VaultMissing(VaultError):
    """There is no vault in this home."""

    default_hint = "Run `assistant` or `assistant init` to make one."


class VaultExists(VaultError):
    """A vault is already there and would be overwritten."""

    exit_code = 2
    default_hint = "Use another --home, or `assistant erase --all` first."


class VaultLocked(VaultError):
    """The passphrase is needed and there is nobody to ask."""

    default_hint = "Give --passphrase-file, or run it in a terminal."


class WrongPassphrase(VaultError):
    """No key slot opens with what was given."""

    default_hint = "Try again, or use `assistant recover` with the recovery key."


class UnlockTooSoon(VaultError):
    """Failed attempts slow the next one down."""

    default_hint = "Wait a moment and try again."


class UnsafeKeyParameters(VaultError):
    """Key-derivation parameters below the floor (downgrade) or absurdly high."""

    default_hint = "The vault's header was altered. Restore it from a backup."


class VaultDamaged(VaultError):
    """Something in the vault was altered, lost or put back from an older copy."""

    default_hint = "Restore from a backup with `assistant restore`."


class VaultTooNew(VaultError):
    """The vault was written by a newer program."""

    default_hint = "Update the program, then try again."


class VaultBusy(VaultError):
    """Another process holds the vault and does not answer on its socket."""

    default_hint = "`assistant lock` closes it there; or wait until it has locked itself."


class PolicyError(AssistantError):
    """Policy is missing or cannot be trusted, so there is no chat."""

    exit_code = 4
    default_hint = "Run `assistant policy status`."


class PolicyMissing(PolicyError):
    """A pinned authority has no valid bundle."""

    default_hint = "Install its bundle with `assistant policy install`."


class PolicyInvalid(PolicyError):
    """A document or bundle that cannot be trusted."""

    default_hint = "Ask the issuer for a fresh bundle. The last good one stays in force."


class DocumentInvalid(PolicyInvalid):
    """The policy document breaks the format; ``line`` is where, from 1, or 0."""

    default_hint = "Correct the document at that line and run `assistant policy lint`."

    def __init__(self, message: str, *, line: int = 0, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line


class BundleUnverified(PolicyInvalid):
    """Signatures, threshold, hashes, lengths or the binding to the pin do not hold."""


class BundleRolledBack(PolicyInvalid):
    """A version below one that was already accepted, or the same with other bytes."""


class BundleStale(PolicyInvalid):
    """The freshness of a synced bundle ran out (freeze attack)."""

    default_hint = "Sync again later, or install from local media."


class GuardFailed(PolicyError):
    """A guard model that a rule asks gave no verdict; the gate closes over it."""

    default_hint = "Choose another guard model with `assistant models use ID`."


class PolicyConflict(PolicyError):
    """Two tiers' bounds leave no allowed value."""

    default_hint = "The newer bundle was not installed. Tell its issuer."


class PolicyTestsFailed(PolicyError):
    """A document's own examples do not give the decisions its author expects."""

    exit_code = 1
    default_hint = "Run `assistant policy test` to see which."


class PolicyRefusal(AssistantError):
    """Policy forbids an act outside a turn (an export, storing a preference)."""

    exit_code = 1
    default_hint = "Run `assistant policy explain` to see the rule and its appeal contact."


class YesNeeded(PolicyRefusal):
    """A rule asks for a yes before something leaves the vault; ``rule`` is its id."""

    default_hint = "Repeat it with --confirm RULE."

    def __init__(self, message: str, *, hint: str | None = None, rule: str = "") -> None:
        super().__init__(message, hint=hint)
        self.rule = rule


class ModelError(AssistantError):
    """The model cannot be used."""

    exit_code = 5
    default_hint = "Run `assistant models list`."


class ModelMissing(ModelError):
    """The model's file is not there."""

    default_hint = "Run scripts/setup, or add a file with `assistant models add FILE`."


class ModelInvalid(ModelError):
    """Not a GGUF file, altered since it was added, or refused by the engine."""

    default_hint = "Add the file again from its source; the previous model stays in use."


class PromptTooLong(ModelError):
    """The question alone is longer than the model's context window."""

    default_hint = "Shorten the question, or use a model with a longer context."


class HistoryTooLong(ModelError):
    """The question fits the window but the history given with it does not."""

    default_hint = "The oldest turns are left out; try again."


class EngineError(AssistantError):
    """A child process misbehaved."""

    default_hint = "It was restarted; try the turn again."


class ChildDied(EngineError):
    """A child process ended while it was needed."""


class ChildStalled(EngineError):
    """A child process did not answer in time."""


class ProtocolViolation(EngineError):
    """A child sent bytes the protocol forbids; it was killed."""


class StorageError(AssistantError):
    """The file system refused."""

    default_hint = "Check the disk and the folder's permissions."


class DiskFull(StorageError):
    """No room left; nothing was lost."""

    default_hint = "Free some space and try again. Nothing already saved was lost."


class ReadOnlyStorage(StorageError):
    """The home folder cannot be written."""

    default_hint = "Use a --home on storage that can be written."


class UnsafePermissions(StorageError):
    """Somebody else may read or write what must be private."""

    default_hint = "Make the folder yours alone: chmod 700."


class HolderError(AssistantError):
    """The process that holds the vault could not serve the request."""


class HolderGone(HolderError):
    """The holder went away in the middle of a request."""

    default_hint = "Run the command again; it will open the vault itself."


class ReplyTooLong(HolderError):
    """A reply is longer than what one process takes from another."""

    default_hint = (
        "Ask for less, or run `assistant lock` and repeat it: a command that opens the vault "
        "itself has no such limit."
    )


class NetworkError(AssistantError):
    """One of the two commands that may use the network could not."""

    default_hint = "Check the address and the proxy. Everything else works offline."
