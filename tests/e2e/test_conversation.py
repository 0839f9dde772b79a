"""A first real conversation through the command line."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Cli

pytestmark = pytest.mark.model

_MIXED = """tea over coffee|window seats|cats|jazz|mountains|short flights|blue pens|crime novels
cycling to work|spicy food|black-and-white films|morning meetings|public transport|board games
rock climbing|gardening on Sundays|second-hand clothes|live theatre|winter holidays|sourdough bread
oil painting|podcasts about history|camping|electric cars|fountain pens|swimming before breakfast
museum visits|handwritten letters|sailing|astronomy|crossword puzzles|folk music|train journeys
farmers' markets|open-source software|quiet restaurants|linen shirts|chess|dark chocolate"""
FORTY = [f"I prefer {what.strip()}" for what in _MIXED.replace("\n", "|").split("|")] + [
    "I am allergic to peanuts"
]


def test_a_question_is_answered_with_every_promised_key(cli: Cli) -> None:
    told = cli.run("ask", "Name three fruits.", "--json", "--seed", "5").json
    assert told["answer"].strip()
    assert told["status"] == "complete"
    assert told["model"] == "smollm2-135m-instruct"
    assert (told["effect"], told["rule"], told["tier"]) == ("none", None, None)
    assert told["used"] == []
    assert told["tokens"] > 0
    assert 0 < told["first_token_s"] <= told["first_shown_s"]
    assert told["tokens_per_s"] > 0
    why = cli.run("why", told["turn"], "--json").json
    assert "Name three fruits." in why["prompt"]
    assert why["seed"] == 5


def test_a_seed_gives_the_same_answer_in_another_process(cli: Cli) -> None:
    ask = ("ask", "Tell me about rain.", "--json", "--seed", "9", "--max-tokens", "40")
    first = cli.run(*ask, "--no-personalisation").json["answer"]
    assert cli.run(*ask, "--no-personalisation").json["answer"] == first


def test_of_forty_preferences_an_unrelated_question_gets_none_and_a_related_one_its_own(
    cli: Cli,
) -> None:
    cli.run("chat", "--plain", stdin="".join(f"/prefer {text}\n" for text in FORTY))
    unrelated = cli.run("ask", "What is 12 times 12?", "--json", "--max-tokens", "8").json
    assert unrelated["used"] == []
    related = cli.run(
        "ask", "Can you suggest a snack with nuts for me?", "--json", "--max-tokens", "8"
    ).json
    assert "I am allergic to peanuts" in [item["text"] for item in related["used"]]
    prompt = cli.run("why", related["turn"], "--json").json["prompt"]
    assert "I am allergic to peanuts" in prompt
    kept = cli.run("preferences", "list", "--json").lines
    assert len(kept) == len(FORTY) == 40


def test_a_deleted_preference_shows_as_erased_in_why(cli: Cli) -> None:
    kept = cli.run("preferences", "add", "I am vegetarian", "--json").json
    told = cli.run("ask", "Suggest a dinner recipe", "--json", "--max-tokens", "8").json
    assert [item["id"] for item in told["used"]] == [kept["id"]]
    cli.run("preferences", "delete", kept["id"])
    why = cli.run("why", told["turn"], "--json").json
    assert why["used"][0]["text"] == "[erased]"
    assert "vegetarian" not in why["prompt"]


def test_feedback_is_stored_listed_and_taken_back(cli: Cli) -> None:
    turn = cli.run("ask", "Hello", "--json", "--max-tokens", "8").json["turn"]
    given = cli.run("feedback", "add", turn, "score", "80", "--reason", "fluency", "--json").json
    assert given["turn"] == turn
    listed = cli.run("feedback", "list", "--json").lines
    assert (listed[0]["kind"], listed[0]["value"]) == ("score", "80")
    assert listed[0]["reasons"] == ["fluency"]
    cli.run("feedback", "undo")
    assert cli.run("feedback", "list", "--json").lines[0]["undone"]
    cli.run("feedback", "add", turn, "score", "101", code=2)


def test_incognito_leaves_nothing_but_the_count_of_rules(cli: Cli) -> None:
    cli.run("ask", "A secret question about zebras", "--incognito", "--json", "--max-tokens", "8")
    assert cli.run("history", "list", "--json").lines == []
    assert cli.run("history", "search", "zebras", "--json").lines == []


def test_no_sentence_the_user_typed_is_readable_anywhere_in_the_home(cli: Cli) -> None:
    sentence = "My grandmother keeps seventeen purple herons"
    cli.run("ask", sentence, "--max-tokens", "16")
    cli.run("preferences", "add", f"Remember: {sentence}")
    cli.run("feedback", "add", "note", f"{sentence} indeed")
    words = sentence.split()
    needles = [sentence.encode(), sentence.encode("utf-16-le"), b"purple herons"]
    needles += [base64.b64encode(sentence[i:].encode())[4:-4] for i in range(3)]
    files = [path for path in cli.home.rglob("*") if path.is_file()]
    assert files
    assert words
    for path in files:
        content = path.read_bytes()
        for needle in needles:
            assert needle not in content, path


def test_the_conversation_is_there_in_a_new_process(cli: Cli) -> None:
    first = cli.run("ask", "My name is Ada.", "--json", "--max-tokens", "8").json
    # Before the second answer, which may say the name, too.
    hits = cli.run("history", "search", "Ada", "--json").lines
    assert hits[0]["turn"] == first["turn"]
    second = cli.run(
        "ask", "What did I say?", "--conversation", "last", "--json", "--max-tokens", "8"
    ).json
    assert second["conversation"] == first["conversation"]
    shown = cli.run("history", "show", first["conversation"], "--json").lines
    assert [turn["question"] for turn in shown] == ["My name is Ada.", "What did I say?"]
    assert "My name is Ada." in cli.run("why", "--json").json["prompt"]


def test_the_line_mode_answers_and_takes_commands(cli: Cli) -> None:
    said = cli.run(
        "chat", "--plain", stdin="Say hello.\n/up\n/prefer Answer briefly\n/status\n/quit\n"
    )
    assert "Noted." in said.out
    assert "Kept: Answer briefly" in said.out
    assert "Tiers in force: tier 1" in said.out
    assert cli.run("feedback", "list", "--json").lines[0]["kind"] == "up"


def test_a_whole_chat_is_had_in_lines(cli: Cli) -> None:
    lines = """\
/incognito
Say hello.
/keep
/two
1
\"\"\"
Say one word
about the sea.
\"\"\"
/fork Say one word about a wood.
/before
/policy explain explosives
/forget yes
/nonsense
/lock
never asked
"""
    said = cli.run("chat", "--plain", stdin=lines)
    assert "1 or 2 picks" in said.out
    assert "‹1/2› > Say one word\nabout the sea." in said.out
    assert "explosives (rule): block" in said.out
    assert "/nonsense is not a command" in said.err
    assert said.out.endswith("Locked.\n")
    kinds = [act["kind"] for act in cli.run("feedback", "list", "--json").lines]
    assert kinds == ["choice"]


def test_a_second_command_uses_the_open_vault_and_lock_reaches_its_holder(cli: Cli) -> None:
    holder = cli.start("chat", "--plain")
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.write("/status\n")
    holder.stdin.flush()
    assert holder.stdout.readline().startswith("Model")
    told = cli.run("ask", "Hello", "--json", "--max-tokens", "8").json
    assert told["status"] == "complete"
    assert cli.run("lock", "--json").json == {"locked": True, "was_open": True}
    _, complaints = holder.communicate("Are you there?\n", timeout=60)
    assert "locked" in complaints
    assert not (cli.home / "holder.sock").exists()
    assert cli.run("lock", "--json").json == {"locked": True, "was_open": False}


def test_the_exit_codes_are_as_promised(new_cli: Callable[..., Cli]) -> None:
    cli = new_cli(vault=False)
    cli.run("ask", "Hello", code=3)
    cli.run("init", "--json")
    cli.run("init", "--json", code=2)
    cli.run("nonsense", code=2)
    cli.run("ask", "  ", code=2)
    cli.run("why", code=2)
    cli.passphrase_file.write_text("wrong\n")
    refused = cli.run("ask", "Hello", code=3)
    assert "recover" in refused.err
