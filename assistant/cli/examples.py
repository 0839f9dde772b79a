"""What `--help` and the README teach of each command beyond its flags: examples, exit codes.

Each example is a whole command line that the parser accepts; a test holds that.
"""

from __future__ import annotations

import argparse

# The command's words → lines as one would type them.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "": ("assistant", "assistant --home /media/stick/assistant chat --plain"),
    "chat": ("assistant chat", "assistant chat --plain --incognito"),
    "ask": (
        'assistant ask "How do I poach an egg?"',
        'assistant ask "Shorter, please." --conversation last',
        "assistant ask - --json --seed 7 --max-tokens 200",
        'assistant ask "What does it say about notice?" --attach contract.pdf',
    ),
    "init": ("assistant init", "assistant --passphrase-file secret.txt init --json"),
    "lock": ("assistant lock",),
    "passwd": ("assistant passwd", "assistant passwd --rekey", "assistant passwd --keychain on"),
    "recover": ("assistant recover",),
    "backup": ("assistant backup ~/assistant-2026-11.backup",),
    "restore": ("assistant restore ~/assistant-2026-11.backup --yes",),
    "export": (
        "assistant export everything.json --yes",
        "assistant export taste.md --preferences-only",
    ),
    "import": ("assistant import conversations.json",),
    "erase": (
        "assistant erase turn 3f2a90c1d4e5 --yes",
        "assistant erase learned --yes",
        "assistant erase older 90 --yes",
        "assistant erase all --backups --yes",
    ),
    "feedback": ("assistant feedback add down --note 'too long'",),
    "feedback add": (
        "assistant feedback add up",
        "assistant feedback add 3f2a90c1d4e5 score 80 --reason fluency",
        "assistant feedback add edit 'Three bullets would do.'",
    ),
    "feedback list": ("assistant feedback list --limit 20",),
    "feedback undo": ("assistant feedback undo",),
    "feedback compare": ("assistant feedback compare", "assistant feedback compare length 1"),
    "preferences": ("assistant preferences",),
    "preferences list": ("assistant preferences list --all",),
    "preferences proposals": ("assistant preferences proposals",),
    "preferences add": (
        "assistant preferences add 'Answer in short lists.'",
        "assistant preferences add 'Use British spelling.' --scope topic --for writing",
    ),
    "preferences edit": ("assistant preferences edit 566fa0a7c8fe 'Answer in five lines.'",),
    "preferences scope": ("assistant preferences scope 566fa0a7c8fe project --for School",),
    "preferences accept": ("assistant preferences accept 566fa0a7c8fe",),
    "preferences reject": ("assistant preferences reject 566fa0a7c8fe",),
    "preferences disable": ("assistant preferences disable 566fa0a7c8fe",),
    "preferences enable": ("assistant preferences enable 566fa0a7c8fe",),
    "preferences delete": ("assistant preferences delete 566fa0a7c8fe",),
    "preferences merge": ("assistant preferences merge 566fa0a7c8fe 0c1d2e3f4a5b",),
    "preferences off": ("assistant preferences off",),
    "preferences on": ("assistant preferences on",),
    "preferences consents": ("assistant preferences consents",),
    "preferences revoke": ("assistant preferences revoke 9d8c7b6a5f4e",),
    "preferences share": (
        "assistant preferences share ours.json 566fa0a7c8fe --title 'How we write'",
    ),
    "preferences adopt": ("assistant preferences adopt ours.json",),
    "settings": ("assistant settings",),
    "settings list": ("assistant settings list --json",),
    "settings set": ("assistant settings set temperature 0.3",),
    "profile": ("assistant profile",),
    "profile list": ("assistant profile list",),
    "profile set": (
        "assistant profile set length -0.5",
        "assistant profile set formality 0.8 --lock",
    ),
    "profile release": ("assistant profile release length",),
    "recall": ("assistant recall 'what did I say about Lisbon' -k 3",),
    "why": ("assistant why", "assistant why 3f2a90c1d4e5 --json"),
    "history": ("assistant history",),
    "history list": ("assistant history list --folder School",),
    "history show": ("assistant history show last",),
    "history search": ("assistant history search 'sourdough starter'",),
    "history delete": ("assistant history delete cf6f24c37914 --yes",),
    "history rename": ("assistant history rename cf6f24c37914 'Bread'",),
    "history pin": (
        "assistant history pin cf6f24c37914",
        "assistant history pin cf6f24c37914 --off",
    ),
    "history move": ("assistant history move cf6f24c37914 Kitchen",),
    "history tree": ("assistant history tree",),
    "history files": ("assistant history files last",),
    "history branch": ("assistant history branch 3f2a90c1d4e5",),
    "policy": ("assistant policy",),
    "policy status": ("assistant policy status --json",),
    "policy explain": ("assistant policy explain explosives",),
    "policy verify": ("assistant policy verify /media/stick/bank.zip",),
    "policy install": ("assistant policy install /media/stick/bank.zip",),
    "policy enrol": ("assistant policy enrol root.json",),
    "policy leave": ("assistant policy leave 'Example Bank' --yes",),
    "policy simulate": ("assistant policy simulate questions.jsonl --document bank.json",),
    "policy sync": ("assistant policy sync https://policy.example.org/bank/",),
    "policy attest": ("assistant policy attest", "assistant policy attest --check statement.json"),
    "policy log": ("assistant policy log --limit 20",),
    "policy init": ("assistant policy init --for bank bank.json",),
    "policy lint": ("assistant policy lint bank.json",),
    "policy test": ("assistant policy test bank.json",),
    "policy calibrate": ("assistant policy calibrate bank.json --rate 0.005",),
    "policy diff": ("assistant policy diff bank-1.json bank-2.json",),
    "policy keygen": ("assistant policy keygen ann --dir keys",),
    "policy sign": (
        (
            "assistant policy sign work --key keys/ann.key --document bank.json --threshold 2 "
            "--people keys/ann.pub keys/ben.pub --publishing keys/publish.pub"
        ),
        "assistant policy sign work --key keys/ben.key",
    ),
    "policy publish": (
        "assistant policy publish work site --key keys/publish.key",
        "assistant policy publish site --renew --key keys/publish.key",
    ),
    "policy comment": (
        "assistant policy comment no-advice 'This stops school questions.' --kind appeal",
    ),
    "policy comments": (
        "assistant policy comments --export mine.json",
        "assistant policy comments a.json b.json --texts",
    ),
    "card": ("assistant card", "assistant card --markdown --out card.md"),
    "risks": ("assistant risks", "assistant risks --check-flattery"),
    "models": ("assistant models",),
    "models list": ("assistant models list --json",),
    "models add": (
        "assistant models add ~/Downloads/model.gguf",
        "assistant models add ~/Downloads/guard.gguf --guard qwen3guard",
    ),
    "models use": ("assistant models use smollm2-135m-instruct",),
    "models pull": ("assistant models pull smollm2-135m-instruct",),
    "models verify": ("assistant models verify smollm2-135m-instruct",),
    "models remove": ("assistant models remove model",),
    "doctor": ("assistant doctor --json",),
    "agent": ("assistant agent",),
    "agent stop": ("assistant agent stop",),
    "agent status": ("assistant agent status --json",),
    "serve": (
        "assistant serve --port 8080 --token-file token.txt",
        "assistant serve --socket ~/assistant.sock --incognito",
    ),
    "completion": ("assistant completion bash",),
}

# Commands that work, or fail for another reason, in a home without a vault; with a verb
# the whole noun is meant where it stands alone.
_WITHOUT_VAULT = ("init", "models", "doctor", "completion", "agent stop", "agent status", "policy")
_BUT_WITH_VAULT = ("policy log", "policy comment", "policy comments")

EXITS: dict[str, dict[int, str]] = {
    "chat": {1: "the last turn was refused (line mode)", 4: "no valid policy",
             5: "no valid model"},
    "ask": {1: "refused by policy, or a yes is missing", 4: "no valid policy",
            5: "no valid model"},
    "export": {1: "a rule forbids it, or keeps every conversation back"},
    "card": {1: "a rule forbids writing it to a file"},
    "risks": {1: "with --check-flattery: the answers drifted"},
    "preferences add": {1: "a rule forbids it"},
    "preferences edit": {1: "a rule forbids it"},
    "policy status": {4: "a bundle is missing or invalid"},
    "policy verify": {4: "the bundle is not valid"},
    "policy install": {4: "not valid, older than what is known, or of nobody pinned"},
    "policy enrol": {4: "the root is not valid, or not the one of the fingerprint"},
    "policy sync": {4: "not valid, older than what is known, stale, or of nobody pinned",
                    70: "nothing could be fetched, and what is in force stays"},
    "policy lint": {1: "something must be mended before signing"},
    "policy test": {1: "an example was decided otherwise than it expects"},
    "policy comments": {1: "a rule keeps all of them here", 4: "one of the files was altered"},
    "models add": {5: "not a model that can be read"},
    "models use": {5: "the model does not load, or its file is not the one recorded"},
    "models pull": {5: "not in the catalogue, or what came is not what it should be",
                    70: "nothing could be fetched"},
    "models verify": {5: "the file is missing or was altered"},
}  # fmt: skip


def needs_vault(words: str) -> bool:
    """Whether the command opens the vault, and so is exit 3 where there is none."""
    within = tuple(f"{one} " for one in _WITHOUT_VAULT)
    outside = words in _WITHOUT_VAULT or f"{words} ".startswith(within)
    return words in _BUT_WITH_VAULT or not outside


def teach(parser: argparse.ArgumentParser, words: str, about: str) -> None:
    """Give a command a description where it has none, and its examples below its flags."""
    if about and parser.description in {None, about}:
        parser.description = f"{about[:1].upper()}{about[1:]}."
    examples = EXAMPLES.get(words, ())
    if examples:
        parser.epilog = "\n".join(("examples:", *(f"  {line}" for line in examples)))
        parser.formatter_class = Help


class Help(argparse.HelpFormatter):
    """Paragraphs are filled; what is laid out in lines stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n  " in text or "\n\n" in text or "\nassistant " in text:
            return "".join(indent + line for line in text.splitlines(keepends=True))
        return super()._fill_text(text, width, indent)
