"""`assistant serve`: an OpenAI-compatible endpoint for programs on this machine."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cli.attention import call_attention, disclosed
from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.holder.interface import Application
    from assistant.holder.openai_server import OpenAiServer

_TOKEN_BYTES = 32
_SHORTEST_TOKEN = 32
_SELDOM = 3600.0
"""Seconds between two looks for an end that nobody asks for: it must not wake the machine."""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its flags."""
    parser = commands.add_parser(
        "serve",
        help="an OpenAI-compatible endpoint on this machine",
        description="Serve chat completions on a loopback address or a Unix socket, with the "
        "same policy, vault and personalisation as every face. It uses the process that holds "
        "the vault where there is one (`assistant agent`), otherwise it holds it itself. What a "
        "tier wants said at the start of a conversation stands in the first reply's field "
        '"assistant", "disclosure"; showing it is the client\'s part.',
    )
    parser.add_argument("--host", default="127.0.0.1", help="127.0.0.1 (the default) or ::1")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0, the default: any")
    parser.add_argument("--socket", type=Path, metavar="PATH", help="a Unix socket instead")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE",
        help="the bearer token's file, made (0600) if it is not there; without it a new token "
        "is printed once",
    )  # fmt: skip
    parser.add_argument("--incognito", action="store_true", help="store nothing, learn nothing")
    parser.add_argument("--json", action="store_true", help="print where it listens as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Serve until the vault this process holds is locked, or until Ctrl-C."""
    if not 0 <= arguments.port <= 65_535:
        raise UsageError("The port must be from 0 to 65535.")
    token = _token(arguments.token_file)
    holder = context.holder_elsewhere()
    application = holder or _hold(context)
    server = _server(arguments, application, token)
    try:
        threading.Thread(target=server.serve_forever, args=(_SELDOM,), daemon=True).start()
        _say_where(arguments, server, token)
        call_attention(application)
        for said in disclosed(application):
            complain(f"Said to whoever begins a conversation here: {said}")
        if holder is not None:
            threading.Event().wait()
        complain(f"Locked: {context.front.until_locked()}.")
    finally:
        server.server_close()
    return 0


def _hold(context: Context) -> Application:
    from assistant.app import for_the_background

    front = context.front
    front.require_vault()
    for_the_background(front, "server")
    front.warm_up()
    return context.unlock()


def _server(
    arguments: argparse.Namespace, application: Application, token: str
) -> OpenAiServer:  # fmt: skip
    from assistant.holder.openai_server import OpenAiServer, OpenAiUnixServer
    from assistant.holder.openai_turn import Endpoint

    endpoint = Endpoint(
        application, token, arguments.incognito, new_id=lambda: secrets.token_hex(12)
    )
    try:
        if arguments.socket is not None:
            return OpenAiUnixServer(arguments.socket.absolute(), endpoint)
        return OpenAiServer(arguments.host, arguments.port, endpoint)
    except OSError as error:
        raise UsageError(
            "Nothing can listen there; the port may be taken.", hint="Choose another --port."
        ) from error


def _say_where(arguments: argparse.Namespace, server: OpenAiServer, token: str) -> None:
    file = arguments.token_file
    if arguments.json:
        where = {"token": token} if file is None else {"token_file": str(file.absolute())}
        path = {} if arguments.socket is None else {"socket": str(arguments.socket.absolute())}
        print_json({"base_url": server.base_url, "pid": os.getpid(), **path, **where})
        return
    on = "" if arguments.socket is None else f" on {arguments.socket}"
    say(f"OpenAI base URL: {server.base_url}{on}")
    say(f"API key: {token}" if file is None else f"API key: in {file}")
    complain("Ctrl-C ends it.")


def _token(file: Path | None) -> str:
    """A new token, or the file's. Raises UsageError for a file others can read."""
    if file is None:
        return secrets.token_urlsafe(_TOKEN_BYTES)
    with contextlib.suppress(FileExistsError):
        return _new_token(file)
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            token = opened.read(1024).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("The token file cannot be read.", hint="Check --token-file.") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError("Others on this machine may read the token file.", hint="chmod 600 it.")
    if len(token) < _SHORTEST_TOKEN or not token.isprintable() or " " in token:
        raise UsageError(
            f"The token file holds no token of {_SHORTEST_TOKEN} characters or more.",
            hint="Remove the file and a new one is made.",
        )
    return token


def _new_token(file: Path) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise
    except OSError as error:
        raise UsageError("The token file cannot be made.", hint="Check --token-file.") from error
    with os.fdopen(descriptor, "w") as opened:
        opened.write(token + "\n")
    return token
