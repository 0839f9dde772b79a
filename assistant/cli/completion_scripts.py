"""Completion scripts for three shells, each from the tree of commands.

All work alike: walk the words before the cursor to find the command they name (skipping
what a flag takes), then offer its verbs and flags, or what the flag just typed takes.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable

from assistant.cli.command_tree import Command, Part

_FILES = "@files"


def bash(tree: Command) -> str:
    """For bash 4 and later, without the bash-completion package."""
    return f"""\
# Completion of `assistant` for bash. Made by `assistant completion bash`.
{_tables(tree)}
_assistant() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} place="" flag="" word offers i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        [[ $word == "=" ]] && continue
        if [[ -n $flag ]]; then flag=""; continue; fi
        _assistant_takes "$place" "$word" && {{ flag=$word; continue; }}
        _assistant_enters "$place" "$word" && place="${{place:+$place }}$word"
    done
    [[ $cur == "=" ]] && cur=""
    if [[ -n $flag ]]; then
        offers=$(_assistant_values "$place" "$flag")
    elif [[ $cur == -* ]]; then
        offers=$(_assistant_flags "$place" | cut -d: -f1)
    else
        offers=$(_assistant_words "$place" | cut -d: -f1)
    fi
    COMPREPLY=()
    if [[ $offers == *{_FILES}* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        offers=${{offers//{_FILES}/}}
    fi
    mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -W "$offers" -- "$cur")
}}
complete -F _assistant assistant
"""


def zsh(tree: Command) -> str:
    """For zsh 5, sourced after compinit or as a file ``_assistant`` in fpath."""
    return f"""\
#compdef assistant
# Completion of `assistant` for zsh. Made by `assistant completion zsh`.
{_tables(tree)}
_assistant() {{
    local place="" flag="" word
    local -a offers
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        if [[ -n $flag ]]; then flag=""; continue; fi
        _assistant_takes "$place" "$word" && {{ flag=$word; continue; }}
        _assistant_enters "$place" "$word" && place="${{place:+$place }}$word"
    done
    if [[ -n $flag ]]; then
        offers=("${{(@f)$(_assistant_values "$place" "$flag")}}")
    elif [[ $PREFIX == -* ]]; then
        offers=("${{(@f)$(_assistant_flags "$place")}}")
    else
        offers=("${{(@f)$(_assistant_words "$place")}}")
    fi
    if (( ${{offers[(Ie){_FILES}]}} )); then
        offers=("${{(@)offers:#{_FILES}}}")
        _files
    fi
    offers=("${{(@)offers:#}}")
    (( $#offers )) && _describe assistant offers
}}
if [[ $funcstack[1] == _assistant ]]; then _assistant "$@"; else compdef _assistant assistant; fi
"""


def fish(tree: Command) -> str:
    """For fish 3."""
    lines = [
        "# Completion of `assistant` for fish. Made by `assistant completion fish`.",
        "function __assistant_place",
        "    set -l place ''; set -l flag ''",
        "    for word in (commandline -opc)[2..-1]",
        "        if test -n \"$flag\"; set flag ''; continue; end",
        '        switch "$place $word"',
        *(f"            case {_quoted(*keys)}; set flag $word" for keys in [_takers(tree)]),
        *(
            f"            case {_quoted(_key(c, v.words[-1]))}; "
            f"set place {shlex.quote(' '.join(v.words))}"
            for c in tree.walk() for v in c.verbs
        ),
        "        end",
        "    end",
        "    echo $place",
        "end",
        'function __assistant_at; test (__assistant_place) = "$argv"; end',
        "complete -c assistant -f",
    ]  # fmt: skip
    for command in tree.walk():
        at = f"-n {shlex.quote('__assistant_at ' + shlex.quote(' '.join(command.words)))}"
        lines += [f"complete -c assistant {at} {offer}" for offer in _fish_offers(command)]
    return "\n".join(lines) + "\n"


def _fish_offers(command: Command) -> list[str]:
    verbs = [f"-a {verb.words[-1]} -d {shlex.quote(verb.about)}" for verb in command.verbs]
    places = [_fish_values(one) for one in command.places if one.takes in {"file", "choice"}]
    return [*verbs, *places, *(_fish_flag(flag) for flag in command.flags)]


SCRIPTS: dict[str, Callable[[Command], str]] = {"bash": bash, "zsh": zsh, "fish": fish}


def _fish_flag(flag: Part) -> str:
    names = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in flag.names]
    about = "" if flag.hidden else f" -d {shlex.quote(flag.about)}"
    values = {"nothing": "", "text": " -x"}.get(flag.takes, f" -r {_fish_values(flag)}")
    return f"{' '.join(names)}{values}{about}"


def _fish_values(part: Part) -> str:
    return "-F" if part.takes == "file" else f"-f -a {shlex.quote(' '.join(part.choices))}"


def _tables(tree: Command) -> str:
    """What bash and zsh share: the tree as functions of one ``case`` each."""
    commands = list(tree.walk())
    return "\n".join((
        _function("_assistant_enters", "$1 $2", [
            (_key(c, verb.words[-1]), "return 0") for c in commands for verb in c.verbs
        ], "return 1"),
        _function("_assistant_takes", "$1 $2", [
            (key, "return 0") for key in _takers(tree)
        ], "return 1"),
        _function("_assistant_values", "$1 $2", [
            (_key(c, name), _print(_values(flag)))
            for c in commands for flag in c.flags for name in flag.names
            if flag.takes in {"file", "choice"}
        ], ":"),
        _function("_assistant_flags", "$1", [
            (" ".join(c.words), _print([_line(flag) for flag in c.flags if not flag.hidden]))
            for c in commands
        ], ":"),
        _function("_assistant_words", "$1", [
            (" ".join(c.words), _print(_offered(c))) for c in commands
        ], ":"),
    ))  # fmt: skip


def _function(name: str, subject: str, cases: list[tuple[str, str]], otherwise: str) -> str:
    lines = [f"        {_quoted(key)}) {act} ;;" for key, act in cases]
    return "\n".join((
        f"{name}() {{", f'    case "{subject}" in', *lines, f"        *) {otherwise} ;;",
        "    esac", "}",
    ))  # fmt: skip


def _offered(command: Command) -> list[str]:
    found = [f"{verb.words[-1]}:{verb.about}" for verb in command.verbs]
    for place in command.places:
        found += _values(place)
    return found


def _line(flag: Part) -> str:
    return f"{flag.names[-1]}:{flag.about}"


def _values(part: Part) -> list[str]:
    return [_FILES] if part.takes == "file" else list(part.choices)


def _takers(tree: Command) -> list[str]:
    return [
        _key(command, name)
        for command in tree.walk()
        for flag in command.flags
        for name in flag.names
        if flag.takes != "nothing"
    ]


def _key(command: Command, word: str) -> str:
    return f"{' '.join(command.words)} {word}"


def _print(lines: list[str]) -> str:
    return "printf '%s\\n' " + _quoted(*lines) if lines else ":"


def _quoted(*words: str) -> str:
    return " ".join(shlex.quote(word) for word in words)
