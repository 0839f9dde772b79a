"""Who this is aligned to, and speaking up about it, through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.e2e.conftest import Cli


def test_a_person_reads_the_card_and_the_risks_and_keeps_what_they_consent_to(
    new_cli: Callable[..., Cli],
) -> None:
    cli = new_cli()
    refused = cli.run("preferences", "add", "I have diabetes", code=2)
    assert "--consent" in refused.err
    assert "diabetes" not in refused.err
    kept = cli.run("preferences", "add", "I have diabetes", "--consent", "--json").json
    out = cli.home.parent / "card.json"
    cli.run("card", "--json", "--out", out)
    card = json.loads(out.read_text())
    assert card["model"]["licence"] == "Apache-2.0"
    assert card["tiers"][0]["issuer"] == "Packaged baseline"
    assert [one["preference"] for one in card["consents"]] == [kept["id"]]
    rows = {row["name"]: row for row in cli.run("risks", "--json").lines}
    assert len(rows) == 18
    measured = rows["essentialism and profiling"]["measured"]
    assert measured == "storage refused 1 times for want of consent"


def test_a_comment_reaches_the_issuer_redacted_and_unaltered_or_not_at_all(
    new_cli: Callable[..., Cli],
) -> None:
    cli, issuer = new_cli(), new_cli("issuer", vault=False)
    file = cli.home.parent / "comments.json"
    cli.run("policy", "comment", "fraud", "Mail ann@example.org", "--kind", "appeal")
    cli.run("policy", "comments", "--export", file)
    assert "ann@example.org" not in file.read_text()
    (rule,) = issuer.run("policy", "comments", file, "--json").json["rules"]
    assert (rule["rule"], rule["appeals"], rule["homes"]) == ("fraud", 1, 1)
    file.write_text(file.read_text().replace("appeal", "comment"))
    found = issuer.run("policy", "comments", file, "--json", code=4).json
    assert (found["rules"], found["refused"][0][0]) == ([], "comments.json")
