"""The author's verbs of `assistant policy`: keys, signatures, publishing.

An afternoon's work: `keygen` on each person's machine, `sign` a document into a draft,
let the second person `sign` the same draft, `publish` it with the publishing key.
"""

from __future__ import annotations

import argparse
import dataclasses
import getpass
from datetime import timedelta
from pathlib import Path
from typing import Any

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say, table
from assistant.errors import ConfirmationMissing, UsageError

_KEY_PASSPHRASE_LIMIT = 4096
_DOCUMENT_LIMIT = 4 * 1024 * 1024
_BENIGN_LIMIT = 16 * 1024 * 1024


def register(verbs: Any) -> None:
    """Add the verbs."""
    begin = _add(verbs, "init", begin_document, "a commented starting point for a document")
    begin.add_argument(
        "--for", dest="kind", default="bank", metavar="KIND", help="bank, school, hospital or lab"
    )
    begin.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: KIND.json")
    look = _add(verbs, "lint", lint_document, "what an author should know before signing")
    look.add_argument("document", type=Path, metavar="FILE")
    test = _add(verbs, "test", run_examples, "run the document's own examples")
    test.add_argument("document", type=Path, metavar="FILE")
    fit = _add(verbs, "calibrate", calibrate_document, "fit the rules that judge by meaning")
    fit.add_argument("document", type=Path, metavar="FILE")
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
    compare = _add(verbs, "diff", compare_documents, "what becomes stricter or looser, in words")
    compare.add_argument("old", type=Path, metavar="OLD")
    compare.add_argument("new", type=Path, metavar="NEW")
    keygen = _add(verbs, "keygen", make_key, "make a signing key")
    keygen.add_argument("name", metavar="NAME")
    keygen.add_argument("--dir", type=Path, default=Path(), metavar="DIR", help="where (here)")
    _key_flags(keygen)
    sign = _add(
        verbs, "sign", sign_work,
        "put a document into an unfinished directory and sign it, or add your signature",
    )  # fmt: skip
    sign.add_argument("work", type=Path, metavar="WORK", help="the unfinished directory")
    sign.add_argument("--key", type=Path, required=True, metavar="KEY", help="your private key")
    sign.add_argument("--document", type=Path, metavar="FILE", help="the policy to sign")
    sign.add_argument(
        "--people", type=Path, nargs="+", default=[], metavar="PUB",
        help="public keys of all who may sign; begins an authority, or with --rotate "
        "replaces its keys",
    )  # fmt: skip
    sign.add_argument("--threshold", type=int, default=0, metavar="N", help="how many must sign")
    sign.add_argument("--publishing", type=Path, metavar="PUB", help="the publishing key")
    sign.add_argument("--rotate", action="store_true", help="replace the keys")
    sign.add_argument(
        "--resource", type=Path, action="append", default=[], metavar="FILE",
        help="a file that travels with the document",
    )  # fmt: skip
    sign.add_argument("--root-days", type=int, default=5 * 365, metavar="N")
    sign.add_argument("--targets-days", type=int, default=365, metavar="N")
    _key_flags(sign)
    publish = _add(verbs, "publish", publish_work, "write the bundle's folder and zip")
    publish.add_argument(
        "paths", type=Path, nargs="+", metavar="[WORK] DIR",
        help="the signed directory, and the folder for any static web server; "
        "with --renew the folder alone",
    )  # fmt: skip
    publish.add_argument("--key", type=Path, required=True, metavar="KEY", help="publishing key")
    publish.add_argument("--renew", action="store_true", help="only refresh DIR's freshness")
    publish.add_argument("--snapshot-days", type=int, default=30, metavar="N")
    publish.add_argument("--timestamp-days", type=int, default=30, metavar="N")
    _key_flags(publish)


def _add(verbs: Any, name: str, run: Any, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _key_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key-passphrase-file", type=Path, metavar="FILE")
    parser.add_argument(
        "--no-key-passphrase", action="store_true", help="the key file is not encrypted"
    )


def _key_passphrase(
    arguments: argparse.Namespace, context: Context, *, new: bool = False
) -> bytes | None:
    if arguments.no_key_passphrase:
        return None
    if arguments.key_passphrase_file is not None:
        return _limited(arguments.key_passphrase_file, _KEY_PASSPHRASE_LIMIT).rstrip(b"\r\n")
    if not context.terminal:
        raise ConfirmationMissing(
            "The key's passphrase is needed and there is no terminal to ask on.",
            hint="Give --key-passphrase-file FILE or --no-key-passphrase.",
        )
    given = getpass.getpass("Passphrase of the key: ")
    if new and getpass.getpass("Once more: ") != given:
        raise UsageError("The two differ.", hint="Run the command again.")
    return given.encode()


def _limited(path: Path, limit: int) -> bytes:
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

    notes = lint(_limited(arguments.document, _DOCUMENT_LIMIT))
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
        raw = _limited(arguments.benign, _BENIGN_LIMIT).decode(errors="replace")
        benign = tuple(line for line in raw.splitlines() if line.strip())
    document, reports = calibrate(
        _limited(arguments.document, _DOCUMENT_LIMIT), context.front.scorer(),
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

    document = PolicyDocument.from_bytes(_limited(arguments.document, _DOCUMENT_LIMIT))
    report = run_tests(document, scorer_for(document, context))
    hits = false_hits(document)
    if arguments.json:
        print_json(_report_object(report, hits))
    else:
        _say_report(report, hits)
    return 1 if report.failed else 0


def scorer_for(document: Any, context: Context) -> Any:
    """The embedder where a calibrated rule of the document needs it, or None."""
    needs = any(rule.match.meaning and rule.match.meaning.head for rule in document.rules)
    return context.front.scorer() if needs else None


def write_file(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all."""
    partial = path.with_name(path.name + ".new")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(f"{path.name} cannot be written.", hint="Check the path.") from error


def _report_object(report: Any, hits: dict[str, int]) -> dict[str, Any]:
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
        "false_hits_per_thousand": hits,
    }  # fmt: skip


def _say_report(report: Any, hits: dict[str, int]) -> None:
    for result in report.results:
        mark = "✓" if result.passed else "✗"
        by = f" by {result.decision.source.rule_id}" if result.decision.source else ""
        judged = "" if result.judged else " (not judged: needs an embedding model)"
        say(f"{mark} {result.number:>3}  {result.decision.effect.label}{by}"
            f" (expected {result.test.expect}){judged}  {result.test.text[:60]}")  # fmt: skip
    say()
    rows = [("rule", "must match", "must not", "harmless texts hit, of 1000")]
    rows += [
        (c.rule_id, str(c.positive), str(c.negative), str(hits.get(c.rule_id, 0)))
        for c in report.coverage
    ]
    table(rows)
    for name in report.uncovered:
        complain(f"{name} has fewer than two examples of each kind")
    failed = len(report.failed)
    say(f"\n{len(report.results) - failed} passed, {failed} failed")


def compare_documents(arguments: argparse.Namespace, _context: Context) -> int:
    """Looser changes first: they want a second look."""
    from assistant.policy.diff import diff
    from assistant.policy.document import PolicyDocument

    old = PolicyDocument.from_bytes(_limited(arguments.old, _DOCUMENT_LIMIT))
    new = PolicyDocument.from_bytes(_limited(arguments.new, _DOCUMENT_LIMIT))
    changes = diff(old, new)
    for change in changes:
        if arguments.json:
            print_json({"direction": change.direction, "key": change.key, "words": change.words})
        else:
            say(f"{change.direction:<8}  {change.key}: {change.words}")
    if not changes and not arguments.json:
        say("No difference.")
    return 0


def make_key(arguments: argparse.Namespace, context: Context) -> int:
    """Make an ed25519 key pair; the private file stays with its person."""
    from assistant.policy.keys import generate_key

    passphrase = _key_passphrase(arguments, context, new=True)
    pair = generate_key(arguments.dir, arguments.name, passphrase, context.front.disk)
    if arguments.json:
        print_json({"keyid": pair.keyid, "private": str(pair.private), "public": str(pair.public)})
    else:
        say(f"private  {pair.private}   (keep it; never send it)")
        say(f"public   {pair.public}   (give it to whoever starts the authority)")
        if passphrase is None:
            complain("The private key is not encrypted: whoever reads the file can sign.")
    return 0


def sign_work(arguments: argparse.Namespace, context: Context) -> int:
    """Sign, and say what is still missing. Exit 0 also when others must still sign."""
    from assistant.policy.authoring import SignOrder, sign_draft
    from assistant.policy.signing import Lifetimes

    order = SignOrder(
        document=arguments.document, resources=tuple(arguments.resource),
        people=tuple(arguments.people), threshold=arguments.threshold,
        publishing=arguments.publishing, rotate=arguments.rotate,
        lifetimes=Lifetimes(
            root=timedelta(days=arguments.root_days),
            targets=timedelta(days=arguments.targets_days),
        ),
    )  # fmt: skip
    front = context.front
    passphrase = _key_passphrase(arguments, context)
    scorer = None
    if arguments.document is not None:
        from assistant.policy.document import PolicyDocument

        raw = _limited(arguments.document, _DOCUMENT_LIMIT)
        scorer = scorer_for(PolicyDocument.from_bytes(raw), context)
    done = sign_draft(
        arguments.work, order, arguments.key, passphrase, front.now(), front.disk, scorer
    )
    if arguments.json:
        print_json(
            {
                "signed": list(done.signed), "fingerprint": done.fingerprint,
                "version": done.document_version,
                "missing": [
                    {"role": one.role, "version": one.version, "needed": one.needed}
                    for one in done.missing
                ],
            }
        )  # fmt: skip
        return 0
    names = " and ".join(done.signed)
    say(f"signed {names}" if names else "this key had signed everything already")
    for one in done.missing:
        say(f"{one.role} {one.version} still needs {one.needed} more signature(s)")
    if done.fingerprint is not None:
        say(f"fingerprint  {done.fingerprint}")
    if not done.missing:
        say(f"Complete. Next: assistant policy publish {arguments.work} DIR --key PUBLISHING_KEY")
    return 0


def publish_work(arguments: argparse.Namespace, context: Context) -> int:
    """Write DIR and DIR.zip; with --renew only new freshness, for a cron job."""
    from assistant.policy.authoring import publish_draft, renew_published
    from assistant.policy.signing import Lifetimes

    front, paths = context.front, arguments.paths
    if len(paths) != (1 if arguments.renew else 2):
        raise UsageError("publish takes WORK and DIR; with --renew it takes DIR alone.")
    passphrase = _key_passphrase(arguments, context)
    lifetimes = Lifetimes(
        snapshot=timedelta(days=arguments.snapshot_days),
        timestamp=timedelta(days=arguments.timestamp_days),
    )
    key, now = arguments.key, front.now()
    if arguments.renew:
        done = renew_published(paths[0], key, passphrase, now, front.disk, lifetimes)
    else:
        done = publish_draft(paths[0], paths[1], key, passphrase, now, front.disk, lifetimes)
    if arguments.json:
        print_json(
            {
                "folder": str(done.folder), "archive": str(done.archive),
                "issuer": done.bundle.issuer, "authority": done.bundle.authority,
            }
        )  # fmt: skip
    else:
        say(f"folder       {done.folder}   (any static web server, bucket or CDN)")
        say(f"one file     {done.archive}   (USB, MDM)")
        say(f"fingerprint  {done.bundle.authority}")
    return 0
