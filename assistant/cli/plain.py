"""The line mode: one question a line, commands after a slash; no screen, no colour.

For screen readers, pipes and slow connections. Everything printed is a full line; a
change of state is said in words. It runs the same turn pipeline as the terminal app.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from assistant.cli import feedback_compare
from assistant.cli.ask import Interrupt, print_turn
from assistant.cli.attach import Waiting
from assistant.cli.context import Context
from assistant.cli.output import complain, say
from assistant.conversation.events import TurnEnded, TurnFailed
from assistant.errors import AssistantError
from assistant.holder.interface import (
    AddPreference,
    Application,
    Ask,
    Cancellation,
    ChangeSetting,
    ConversationItem,
    Done,
    FeedbackGiven,
    GetSettings,
    GiveFeedback,
    ListConversations,
    ListPreferences,
    Lock,
    PreferenceItem,
    ProfileItem,
    ProfileQuery,
    SearchHistory,
    SearchHit,
    SetPreferenceState,
    SetProfile,
    SettingItem,
    ShowConversation,
    StatusLine,
    StatusQuery,
    TurnItem,
    UndoFeedback,
    Why,
    WhyQuery,
)
from assistant.holder.overview_wire import AcknowledgeNotices

_HELP = """\
/up, /down           the last answer was good, or not
/score N             from 1 to 100
/edit TEXT           how the last answer should have been
/note TEXT           a remark on the last answer
/undo                take the last act of feedback back
/compare             pick between prepared answers, at most ten; 1, 2, s skips
/prefer TEXT         state a preference in plain words
/preferences         what is kept
/accept, /reject     the proposal just shown
/why                 what shaped the last answer
/again               answer the last question again
/plainly             answer the last question again without what was learned
/attach PATH         the next question is about this file; /detach takes it back
/attachments         files that wait, and those of this conversation
/new                 begin another conversation
/history             earlier conversations
/resume ID           go on with one of them
/search WORDS        find earlier turns
/settings            what can be set; /set KEY VALUE changes it
/profile             the style profile; /slide DIMENSION VALUE sets it
/status              model, tiers, memory
/lock                lock the vault and leave
/quit                leave (Ctrl-D does too)"""


@dataclass(slots=True)
class _State:
    application: Application
    incognito: bool
    files: Waiting
    conversation: str = ""
    last: TurnEnded | None = None
    question: str = ""
    proposal: PreferenceItem | None = None
    unread: bool = False


def converse(context: Context, *, incognito: bool) -> int:
    """Read lines until they end. Exit code 0; 1 if the last turn was refused by policy."""
    application = context.application(warm=True)
    state = _State(application, incognito, Waiting(application))
    if context.terminal:
        say("Type a question, or /help. Ctrl-C stops an answer, Ctrl-D leaves.")
    _greet(state)
    code = 0
    while (line := _read(context)) is not None:
        if not line.strip():
            continue
        try:
            if line.startswith("/"):
                if not _command(state, line[1:]):
                    return code
            else:
                code = _turn(state, line)
        except AssistantError as error:
            complain(f"{error.message}\n{error.hint}")
    return code


def _greet(state: _State) -> None:
    """What tiers want said at the start of a chat, and what the vault has to tell."""
    for line in state.application.handle(StatusQuery()):
        if isinstance(line, StatusLine):
            for text in line.disclosure:
                say(text)
            for text in (*line.alarms, *line.notices):
                say(f"Attention: {text}")
            state.unread = bool(line.notices)


def _read(context: Context) -> str | None:
    if context.terminal:
        print("> ", end="", flush=True)
    try:
        line = sys.stdin.readline(4 * 1024 * 1024)
    except KeyboardInterrupt:
        print()
        return ""
    return line.rstrip("\n") if line else None


def _turn(state: _State, text: str, *, personalise: bool = True, again_of: str = "") -> int:
    confirmed: tuple[str, ...] = ()
    while True:
        ending = _ask(state, text, personalise, again_of, confirmed)
        if not isinstance(ending, TurnEnded):
            complain(f"{ending.message}\n{ending.hint}")
            return ending.exit_code
        if ending.conversation:
            state.conversation = ending.conversation
        state.last, state.question = ending, text
        if ending.status != "confirm":
            state.files.asked()
        if state.unread:
            # They stood above; going on means that they were read.
            list(state.application.handle(AcknowledgeNotices()))
            state.unread = False
        if ending.status != "confirm" or ending.ruling is None or not sys.stdin.isatty():
            return 1 if ending.status in {"refused", "confirm"} else 0
        complain("Go on? [y/N]")
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            return 1
        confirmed = (*confirmed, ending.ruling.rule)


def _ask(
    state: _State, text: str, personalise: bool, again_of: str, confirmed: tuple[str, ...]
) -> TurnEnded | TurnFailed:
    cancellation = Cancellation()
    request = Ask(
        text, state.conversation, state.incognito, personalise,
        confirmed=confirmed, again_of=again_of,
        attachments=state.files.ids,
    )  # fmt: skip
    with Interrupt(cancellation):
        return print_turn(state.application.handle(request, cancellation), quiet=False)


def _command(state: _State, line: str) -> bool:
    word, _, rest = line.partition(" ")
    if word in {"quit", "exit", "q"}:
        return False
    act = _COMMANDS.get(word)
    if act is None:
        complain(f"/{word} is not a command. /help lists them.")
        return True
    act(state, rest.strip())
    return word != "lock"


def _feedback(state: _State, kind: str, value: str) -> None:
    if state.last is None:
        complain("There is no answer yet.")
        return
    note = value if kind == "note" else ""
    act = GiveFeedback(kind, state.last.turn, "" if note else value, note)  # type: ignore[arg-type]
    for reply in state.application.handle(act):
        if isinstance(reply, FeedbackGiven):
            say("Noted.")
            state.proposal = reply.proposal
            if reply.proposal is not None:
                say(f"{reply.proposal.text} — keep this? /accept or /reject")


def _undo(state: _State, _rest: str) -> None:
    for reply in state.application.handle(UndoFeedback()):
        say(reply.what if isinstance(reply, Done) else "")


def _compare(state: _State, _rest: str) -> None:
    feedback_compare.ask_each(state.application, lambda: sys.stdin.readline(100) or None)


def _decide(state: _State, verdict: str) -> None:
    if state.proposal is None:
        complain("Nothing is proposed.")
        return
    list(state.application.handle(SetPreferenceState(state.proposal.id, verdict)))  # type: ignore[arg-type]
    state.proposal = None
    say("Kept." if verdict == "active" else "Dropped.")


def _prefer(state: _State, rest: str) -> None:
    for reply in state.application.handle(AddPreference(rest)):
        if isinstance(reply, PreferenceItem):
            say(f"Kept: {reply.text}")


def _preferences(state: _State, _rest: str) -> None:
    items = list(state.application.handle(ListPreferences()))
    say(f"{len(items)} preferences" + (":" if items else "."))
    for item in items:
        if isinstance(item, PreferenceItem):
            say(f"{item.id}  {item.text} ({item.scope}, {item.state})")


def _why(state: _State, _rest: str) -> None:
    for reply in state.application.handle(WhyQuery(state.last.turn if state.last else "")):
        if isinstance(reply, Why):
            from assistant.cli.why import show

            show(reply)


def _again(state: _State, _rest: str, *, personalise: bool = True) -> None:
    if state.last is None:
        complain("There is no question yet.")
        return
    _turn(state, state.question, personalise=personalise, again_of=state.last.turn)


def _plainly(state: _State, rest: str) -> None:
    _again(state, rest, personalise=False)


def _new(state: _State, _rest: str) -> None:
    state.conversation, state.last = "", None
    say("A new conversation.")


def _history(state: _State, _rest: str) -> None:
    for item in state.application.handle(ListConversations()):
        if isinstance(item, ConversationItem):
            say(f"{item.id}  {item.updated[:16]}  {item.title}")


def _resume(state: _State, rest: str) -> None:
    from assistant.cli.history import told_turn

    for item in state.application.handle(ShowConversation(rest or "last")):
        if isinstance(item, TurnItem):
            state.conversation = item.conversation
            say(told_turn(item))


def _search(state: _State, rest: str) -> None:
    for hit in state.application.handle(SearchHistory(rest)):
        if isinstance(hit, SearchHit):
            say(f"{hit.conversation}  {f'{hit.file}: ' if hit.file else ''}{hit.snippet}")


def _status(state: _State, _rest: str) -> None:
    for line in state.application.handle(StatusQuery()):
        if isinstance(line, StatusLine):
            say(f"Model {line.model}: {line.model_state}. Memory: {line.memory_state}.")
            say(f"Tiers in force: {', '.join(line.tiers)}.")
            say(f"Personalisation is {'on' if line.personalise else 'off'}.")
            for alarm in (*line.alarms, *line.notices):
                say(f"Attention: {alarm}")


def _settings(state: _State, _rest: str) -> None:
    for item in state.application.handle(GetSettings()):
        if isinstance(item, SettingItem):
            managed = f", managed by {item.managed.issuer}" if item.managed else ""
            say(f"{item.key}: {item.value}{managed}. {item.about}")


def _set(state: _State, rest: str) -> None:
    key, _, value = rest.partition(" ")
    for item in state.application.handle(ChangeSetting(key, value)):
        if isinstance(item, SettingItem):
            say(f"{item.key} is now {item.value}.")


def _profile(state: _State, _rest: str) -> None:
    for item in state.application.handle(ProfileQuery()):
        if isinstance(item, ProfileItem):
            used = "" if item.acts else ", not used"
            say(f"{item.dimension}: {item.words} ({item.value:+.2f}, {item.source}{used})")


def _slide(state: _State, rest: str) -> None:
    dimension, _, value = rest.partition(" ")
    try:
        number = float(value)
    except ValueError:
        complain("Say /slide DIMENSION VALUE, with a value from -1 to 1.")
        return
    for item in state.application.handle(SetProfile(dimension, number)):
        if isinstance(item, ProfileItem):
            say(f"{item.dimension}: {item.words}.")


def _lock(state: _State, _rest: str) -> None:
    list(state.application.handle(Lock()))
    say("Locked.")


_COMMANDS: dict[str, Callable[[_State, str], None]] = {
    "help": lambda _state, _rest: say(_HELP),
    "up": lambda state, _rest: _feedback(state, "up", ""),
    "down": lambda state, _rest: _feedback(state, "down", ""),
    "score": lambda state, rest: _feedback(state, "score", rest),
    "edit": lambda state, rest: _feedback(state, "edit", rest),
    "note": lambda state, rest: _feedback(state, "note", rest),
    "undo": _undo,
    "compare": _compare,
    "prefer": _prefer,
    "preferences": _preferences,
    "accept": lambda state, _rest: _decide(state, "active"),
    "reject": lambda state, _rest: _decide(state, "rejected"),
    "why": _why,
    "again": _again,
    "plainly": _plainly,
    "attach": lambda state, rest: state.files.attach(rest),
    "attachments": lambda state, _rest: state.files.show(state.conversation),
    "detach": lambda state, rest: state.files.detach(rest),
    "new": _new,
    "history": _history,
    "resume": _resume,
    "search": _search,
    "settings": _settings,
    "set": _set,
    "profile": _profile,
    "slide": _slide,
    "status": _status,
    "lock": _lock,
}
