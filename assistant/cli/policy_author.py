"""The author's verbs of `assistant policy`: write, lint, test, calibrate, compare.

Signing and publishing what was written is in policy_sign.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say, table
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.policy.lint import FalseHits

DOCUMENT_LIMIT = 4 * 1024 * 1024
_BENIGN_LIMIT = 16 * 1024 * 1024


def register(verbs: Any) -> None:
    """Add the verbs."""
    begin = add(verbs, "init", begin_document, "a commented starting point for a document")
    begin.add_argument(
        "--for", dest="kind", default="bank", metavar="KIND", help="bank, school, hospital or lab"
    )
    begin.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: KIND.json")
    look = add(verbs, "lint", lint_document, "what an author should know before signing")
    look.add_argument("document", type=Path, metavar="FILE", help="a policy document")
    test = add(verbs, "test", run_examples, "run the document's own examples")
    test.add_argument("document", type=Path, metavar="FILE", help="a policy document with `tests`")
    fit = add(verbs, "calibrate", calibrate_document, "fit the rules that judge by meaning")
    fit.add_argument(
        "document", type=Path, metavar="FILE", help="a policy document with `meaning` rules"
    )
    fit.add_argument("--out", type=Path, metavar="FILE", help="default: FILE itself")
    fit.add_argument(
        "--rate",
        type=float,
        default=0.005,
        metavar="R",
        help="share of harmless texts above the blocking threshold (0.005)",
    )
    fit.add_argument(
        "--grey-rate",
        type=float,
        default=0.05,
        metavar="R",
        help="and above the lower, grey one (0.05)",
    )
    fit.add_argument(
        "--benign", type=Path, metavar="FILE", help="harmless texts of your own world, one a line"
    )
    compare = add(verbs, "diff", compare_documents, "what becomes stricter or looser, in words")
    compare.add_argument("old", type=Path, metavar="OLD", help="the document in force")
    compare.add_argument("new", type=Path, metavar="NEW", help="the document to come")


def add(verbs: Any, name: str, run: Any, about: str) -> argparse.ArgumentParser:
    """A verb with --json and what runs it."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def limited(path: Path, limit: int) -> bytes:
    """A whole file up to a limit. Raises UsageError."""
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read.", hint="Check the path.") from error
    if len(raw) > limit:
        raise UsageError(f"{path.name} is larger than {limit} bytes.")
    return raw


def begin_document(arguments: argparse.Namespace, _context: Context) -> int:
    """Write a template; nothing is overwritten."""
    from assistant.policy.templates import template

    path = arguments.file or Path(f"{arguments.kind}.json")
    try:
        with path.open("xb") as file:
            file.write(template(arguments.kind))
    except FileExistsError as error:
        raise UsageError(f"{path.name} is there already.", hint="Name another FILE.") from error
    except OSError as error:
        raise UsageError(f"{path.name} cannot be written.", hint="Check the path.") from error
    if arguments.json:
        print_json({"file": str(path)})
    else:
        say(f"{path} — read its notes, change it, then: assistant policy test {path}")
    return 0


def lint_document(arguments: argparse.Namespace, _context: Context) -> int:
    """Remarks by line; exit 1 when one of them is an error."""
    from assistant.policy.lint import lint

    notes = lint(limited(arguments.document, DOCUMENT_LIMIT))
    for note in notes:
        if arguments.json:
            print_json({"severity": note.severity, "line": note.line, "message": note.message})
        else:
            say(f"{arguments.document.name}:{note.line}: {note.severity}: {note.message}")
    if not notes and not arguments.json:
        say("Nothing to remark.")
    return 1 if any(note.severity == "error" for note in notes) else 0


def calibrate_document(arguments: argparse.Namespace, context: Context) -> int:
    """Train the heads, choose thresholds at the stated rates, show what they catch."""
    from assistant.policy.calibrate import calibrate

    benign: tuple[str, ...] = ()
    if arguments.benign is not None:
        raw = limited(arguments.benign, _BENIGN_LIMIT).decode(errors="replace")
        benign = tuple(line for line in raw.splitlines() if line.strip())
    document, reports = calibrate(
        limited(arguments.document, DOCUMENT_LIMIT), context.front.scorer(),
        strict_rate=arguments.rate, grey_rate=arguments.grey_rate, benign=benign,
    )  # fmt: skip
    write_file(arguments.out or arguments.document, document)
    for one in reports:
        if arguments.json:
            print_json(dataclasses.asdict(one))
            continue
        say(f"{one.rule_id} ({one.kind}, {one.examples} examples, {one.benign_count} harmless)")
        say(f"  blocks  {one.recall_strict:5.1%} of unseen examples, "
            f"{one.strict_rate:.2%} of harmless texts")  # fmt: skip
        say(f"  grey    {one.recall_grey:5.1%} of unseen examples, "
            f"{one.grey_rate:.2%} of harmless texts")  # fmt: skip
    if not reports:
        complain("No rule of this document judges by meaning.")
    return 0


def run_examples(arguments: argparse.Namespace, context: Context) -> int:
    """Which rule caught what, the coverage, the false hits; exit 1 when an example fails."""
    from assistant.policy.document import PolicyDocument
    from assistant.policy.document_tests import run_tests
    from assistant.policy.lint import false_hits

    document = PolicyDocument.from_bytes(limited(arguments.document, DOCUMENT_LIMIT))
    scorer = scorer_for(document, context, arguments.document)
    report = run_tests(document, scorer)
    hits = false_hits(document, scorer)
    if arguments.json:
        print_json(_report_object(report, hits))
    else:
        _say_report(report, hits)
    return 1 if report.failed else 0


def scorer_for(document: Any, context: Context, path: Path, resources: Sequence[Path] = ()) -> Any:
    """The embedder, with the adapters named by the document, where a rule needs it; or None.

    Adapters lie beside the document or are among ``resources``.
    """
    from assistant.policy.adapters import MAX_ADAPTER, beside, required_adapters

    meanings = [rule.match.meaning for rule in document.rules]
    if not any(one and (one.head or one.adapter) for one in meanings):
        return None
    files = beside(document, path.resolve().parent)
    files |= {one.name: limited(one, MAX_ADAPTER) for one in resources if one.name not in files}
    return context.front.scorer().holding(required_adapters(document, files))


def write_file(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all."""
    partial = path.with_name(path.name + ".new")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(f"{path.name} cannot be written.", hint="Check the path.") from error


def _report_object(report: Any, hits: dict[str, FalseHits]) -> dict[str, Any]:
    return {
        "passed": sum(1 for r in report.results if r.passed),
        "failed": len(report.failed),
        "results": [
            {
                "number": r.number, "where": r.test.where, "expected": r.test.expect,
                "effect": r.decision.effect.label, "passed": r.passed, "judged": r.judged,
                "rule": r.decision.source.rule_id if r.decision.source else None,
                "view": r.decision.view or None, "score": r.decision.score,
            }
            for r in report.results
        ],
        "coverage": [
            {"rule": c.rule_id, "positive": c.positive, "negative": c.negative}
            for c in report.coverage
        ],
        "false_hits_per_thousand": {rule: hit.touched for rule, hit in hits.items()},
        "grey_hits_per_thousand": {rule: hit.grey for rule, hit in hits.items()},
    }  # fmt: skip


def _say_report(report: Any, hits: dict[str, FalseHits]) -> None:
    for result in report.results:
        mark = "✓" if result.passed else "✗"
        by = f" by {result.decision.source.rule_id}" if result.decision.source else ""
        judged = "" if result.judged else " (not judged: needs an embedding model)"
        say(f"{mark} {result.number:>3}  {result.decision.effect.label}{by}"
            f" (expected {result.test.expect}){judged}  {result.test.text[:60]}")  # fmt: skip
    say()
    rows: list[tuple[str, ...]] = [
        ("rule", "must match", "must not", "harmless hit, of 1000", "only grey, of 1000")
    ]
    for one in report.coverage:
        hit = hits[one.rule_id]
        counts = (one.positive, one.negative, hit.full, hit.grey)
        rows.append((one.rule_id, *map(str, counts)))
    table(rows)
    for name in report.uncovered:
        complain(f"{name} has fewer than two examples of each kind")
    failed = len(report.failed)
    say(f"\n{len(report.results) - failed} passed, {failed} failed")


def compare_documents(arguments: argparse.Namespace, _context: Context) -> int:
    """Looser changes first: they want a second look."""
    from assistant.policy.diff import diff
    from assistant.policy.document import PolicyDocument

    old = PolicyDocument.from_bytes(limited(arguments.old, DOCUMENT_LIMIT))
    new = PolicyDocument.from_bytes(limited(arguments.new, DOCUMENT_LIMIT))
    changes = diff(old, new)
    for change in changes:
        if arguments.json:
            print_json({"direction": change.direction, "key": change.key, "words": change.words})
        else:
            say(f"{change.direction:<8}  {change.key}: {change.words}")
    if not changes and not arguments.json:
        say("No difference.")
    return 0
