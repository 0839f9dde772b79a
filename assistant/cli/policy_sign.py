"""Keys, signatures and publishing: the second half of an author's afternoon.

`keygen` on each person's machine, `sign` a document into an unfinished directory, let the
second person `sign` the same directory, `publish` it with the publishing key.
"""

from __future__ import annotations

import argparse
import getpass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say
from assistant.cli.policy_author import DOCUMENT_LIMIT, add, limited, scorer_for
from assistant.errors import ConfirmationMissing, UsageError

if TYPE_CHECKING:
    from assistant.policy.authoring import SignOutcome

_KEY_PASSPHRASE_LIMIT = 4096


def register(verbs: Any) -> None:
    """Add the verbs."""
    _register_keygen(verbs)
    _register_sign(verbs)
    _register_publish(verbs)


def _register_keygen(verbs: Any) -> None:
    keygen = add(verbs, "keygen", make_key, "make a signing key")
    keygen.add_argument(
        "name", metavar="NAME", help="writes NAME.key, which is secret, and NAME.pub"
    )
    keygen.add_argument("--dir", type=Path, default=Path(), metavar="DIR", help="where (here)")
    _key_flags(keygen)


def _register_sign(verbs: Any) -> None:
    sign = add(
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
    sign.add_argument(
        "--root-days",
        type=int,
        default=5 * 365,
        metavar="N",
        help="how long the list of keys holds",
    )
    sign.add_argument(
        "--targets-days", type=int, default=365, metavar="N", help="how long the document holds"
    )
    _key_flags(sign)


def _register_publish(verbs: Any) -> None:
    publish = add(verbs, "publish", publish_work, "write the bundle's folder and zip")
    publish.add_argument(
        "paths", type=Path, nargs="+", metavar="[WORK] DIR",
        help="the signed directory, and the folder for any static web server; "
        "with --renew the folder alone",
    )  # fmt: skip
    publish.add_argument("--key", type=Path, required=True, metavar="KEY", help="publishing key")
    publish.add_argument("--renew", action="store_true", help="only refresh DIR's freshness")
    publish.add_argument(
        "--snapshot-days",
        type=int,
        default=30,
        metavar="N",
        help="how long it counts as fresh (the list of versions)",
    )
    publish.add_argument(
        "--timestamp-days",
        type=int,
        default=30,
        metavar="N",
        help="how long it counts as fresh (the newest version)",
    )
    _key_flags(publish)


def _key_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key-passphrase-file",
        type=Path,
        metavar="FILE",
        help="the key's passphrase is this file's first line (- is stdin)",
    )
    parser.add_argument(
        "--no-key-passphrase", action="store_true", help="the key file is not encrypted"
    )


def _key_passphrase(
    arguments: argparse.Namespace, context: Context, *, new: bool = False
) -> bytes | None:
    if arguments.no_key_passphrase:
        return None
    if arguments.key_passphrase_file is not None:
        return limited(arguments.key_passphrase_file, _KEY_PASSPHRASE_LIMIT).rstrip(b"\r\n")
    if not context.terminal:
        raise ConfirmationMissing(
            "The key's passphrase is needed and there is no terminal to ask on.",
            hint="Give --key-passphrase-file FILE or --no-key-passphrase.",
        )
    given = getpass.getpass("Passphrase of the key: ")
    if new and getpass.getpass("Once more: ") != given:
        raise UsageError("The two differ.", hint="Run the command again.")
    return given.encode()


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

        raw = limited(arguments.document, DOCUMENT_LIMIT)
        document = PolicyDocument.from_bytes(raw)
        scorer = scorer_for(document, context, arguments.document, arguments.resource)
    done = sign_draft(
        arguments.work, order, arguments.key, passphrase, front.now(), front.disk, scorer
    )
    _say_signed(done, arguments)
    return 0


def _say_signed(done: SignOutcome, arguments: argparse.Namespace) -> None:
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
        return
    if done.document_version is not None:
        say(f"document     version {done.document_version}")
    names = " and ".join(done.signed)
    say(f"signed {names}" if names else "this key had signed everything already")
    for one in done.missing:
        held = ", of those who held the keys before" if one.before else ""
        say(f"{one.role} {one.version} still needs {one.needed} more signature(s){held}")
    if done.fingerprint is not None:
        say(f"fingerprint  {done.fingerprint}")
    if done.missing:
        say(f"Next, with another key: assistant policy sign {arguments.work} --key KEY")
    else:
        say(f"Complete. Next: assistant policy publish {arguments.work} DIR --key PUBLISHING_KEY")


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
