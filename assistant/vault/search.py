"""Full-text search inside the encrypted file (SQLite FTS5).

Whatever the user typed becomes quoted terms, so no FTS5 syntax can be injected
(https://www.sqlite.org/fts5.html section 3).
"""

# ruff: noqa: S608 - table and column names are constants here, values are bound
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from assistant.vault.records import Found, HistoryHit, SnippetPart, from_microseconds

if TYPE_CHECKING:
    from assistant.vault.database import Database
    from assistant.vault.store import Store

MAX_TERMS: Final = 48
# A ranked search costs time for every row that any of its words is in. Long words are
# the rare ones (Zipf), so of a long text the longest words are searched for.
MAX_RANKED_TERMS: Final = 16
# A word in more turns than this says little about which of them is meant, and ranking every
# one of them took most of a search (69 ms at 100,000 messages).
COMMON_WORD: Final = 1000
_WORD: Final = re.compile(r"\w+", re.UNICODE)
_TERM: Final = re.compile(r'"([^"]*)"|\w+', re.UNICODE)
_READ: Final = 8192
_OPEN, _CLOSE = "\x02", "\x03"


def any_of(text: str) -> str:
    """An FTS5 expression that matches any word of ``text``; empty if it has none."""
    return " OR ".join(f'"{word}"' for word in _ranked_words(text))


def all_of(text: str) -> str:
    """An FTS5 expression that matches all terms, a last word also as a beginning."""
    terms = terms_of(text)[:MAX_TERMS]
    growing = terms and len(terms[-1]) > 1 and not text.rstrip().endswith('"')
    return " AND ".join(f'"{term}"' for term in terms) + (" *" if growing else "")


def terms_of(text: str) -> list[str]:
    """What a search wants: words, and words between quotes as one; casefolded, each once."""
    found = (
        " ".join(_WORD.findall(term[1])) if term[1] is not None else term[0]
        for term in _TERM.finditer(text[:_READ])
    )
    return list(dict.fromkeys(term.casefold() for term in found if term))


def _ranked_words(text: str) -> list[str]:
    words = _words(text)
    if len(words) > MAX_RANKED_TERMS:
        words = sorted(words, key=len, reverse=True)[:MAX_RANKED_TERMS]
    return words


def _common(db: Database, word: str) -> bool:
    sql = "SELECT 1 FROM turns_text WHERE turns_text MATCH ? LIMIT 1 OFFSET ?"
    return bool(db.rows(sql, f'"{word}"', COMMON_WORD))


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word.casefold() for word in _WORD.findall(text[:_READ])))


class Search:
    """Read-only full-text search."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def turns(self, text: str, limit: int) -> tuple[Found, ...]:
        """Finished turns that share words with ``text``, best BM25 first.

        Words in more than ``COMMON_WORD`` turns do not count beside rarer ones; where there
        are none, the newest turns with all the words are found, with a score of 0.
        """
        words = _ranked_words(text)
        rare = self._store.read(lambda db: [word for word in words if not _common(db, word)])
        if rare or not words:
            return self._ranked("turns", any_of(" ".join(rare)), limit)
        sql = (
            "SELECT turns.id FROM turns_text JOIN turns ON turns.n = turns_text.rowid "
            "WHERE turns_text MATCH ? ORDER BY turns_text.rowid DESC LIMIT ?"
        )
        every = " AND ".join(f'"{word}"' for word in words)
        rows = self._store.read(lambda db: db.rows(sql, every, limit))
        return tuple(Found(item, 0.0) for (item,) in rows)

    def preferences(self, text: str, limit: int) -> tuple[Found, ...]:
        """Preferences (of every state) that share words with ``text``, best first."""
        return self._ranked("preferences", any_of(text), limit)

    def history(self, text: str, *, limit: int = 50) -> tuple[HistoryHit, ...]:
        """Finished turns with all the words, newest first, with the hits marked.

        Words between quotes must stand together.

        A turn is found by the text of a file attached to it too, once for each file, and
        by a part of the file in which all the words are.
        """
        expression = all_of(text)
        if not expression:
            return ()
        found = [*self._said(expression, limit), *self._attached(expression, limit)]
        return tuple(sorted(found, key=lambda hit: hit.created, reverse=True)[:limit])

    def _said(self, expression: str, limit: int) -> list[HistoryHit]:
        sql = (
            "SELECT turns.id, conversation_id, title, turns.created, "
            "snippet(turns_text, -1, char(2), char(3), '…', 24) "
            "FROM turns_text JOIN turns ON turns.n = turns_text.rowid "
            "JOIN conversations ON conversations.id = turns.conversation_id "
            "WHERE turns_text MATCH ? ORDER BY turns_text.rowid DESC LIMIT ?"
        )
        rows = self._store.read(lambda db: db.rows(sql, expression, limit))
        return [
            HistoryHit(turn, conversation, title, from_microseconds(created), _parts(snippet))
            for turn, conversation, title, created, snippet in rows
        ]

    def _attached(self, expression: str, limit: int) -> list[HistoryHit]:
        """Of each file the part that fits best."""
        sql = (
            "SELECT turns.id, conversation_id, title, turns.created, attachments.name, "
            "attachments.id, snippet(chunks_text, -1, char(2), char(3), '…', 24) "
            "FROM chunks_text JOIN chunks ON chunks.n = chunks_text.rowid "
            "JOIN attachments ON attachments.id = chunks.attachment_id "
            "JOIN turns ON turns.id = attachments.turn_id "
            "JOIN conversations ON conversations.id = conversation_id "
            "WHERE chunks_text MATCH ? ORDER BY rank LIMIT ?"
        )
        hits: dict[str, HistoryHit] = {}
        for turn, conversation, title, created, name, file, snippet in self._store.read(
            lambda db: db.rows(sql, expression, limit * 4)
        ):
            instant = from_microseconds(created)
            hit = HistoryHit(turn, conversation, title, instant, _parts(snippet), name)
            hits.setdefault(file, hit)
        return list(hits.values())

    def _ranked(self, table: str, expression: str, limit: int) -> tuple[Found, ...]:
        if not expression:
            return ()
        sql = (
            f"SELECT {table}.id, -score FROM (SELECT rowid AS hit, rank AS score "
            f"FROM {table}_text WHERE {table}_text MATCH ? ORDER BY rank LIMIT ?) "
            f"JOIN {table} ON {table}.n = hit ORDER BY score, {table}.n"
        )
        rows = self._store.read(lambda db: db.rows(sql, expression, limit))
        return tuple(Found(item, score) for item, score in rows)


def _parts(snippet: str) -> tuple[SnippetPart, ...]:
    parts: list[SnippetPart] = []
    for index, piece in enumerate(re.split(f"[{_OPEN}{_CLOSE}]", snippet)):
        if piece:
            parts.append(SnippetPart(piece, hit=index % 2 == 1))
    return tuple(parts)
