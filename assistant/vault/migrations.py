"""The schema as a numbered list of steps; a released step is never edited."""

from __future__ import annotations

from typing import Final

from assistant.errors import VaultTooNew

Steps = tuple[tuple[str, ...], ...]

APPLICATION_ID: Final = 0x42415631

_FIRST: Final = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """CREATE TABLE commit_state(
        one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL,
        digest BLOB NOT NULL, previous BLOB NOT NULL, header_revision INTEGER NOT NULL
    ) STRICT""",
    "INSERT INTO commit_state VALUES (1, 0, zeroblob(32), zeroblob(32), 0)",
    """CREATE TABLE notices(
        n INTEGER PRIMARY KEY, kind TEXT NOT NULL, message TEXT NOT NULL,
        at INTEGER NOT NULL, lost INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE conversations(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
        created INTEGER NOT NULL, updated INTEGER NOT NULL, pinned INTEGER NOT NULL,
        folder TEXT NOT NULL, forked_from TEXT
    ) STRICT""",
    "CREATE INDEX conversations_updated ON conversations(updated)",
    """CREATE TABLE turns(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        conversation_id TEXT NOT NULL REFERENCES conversations(id), parent_id TEXT,
        position INTEGER NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL,
        status TEXT NOT NULL CHECK
            (status IN ('open', 'complete', 'cancelled', 'refused', 'interrupted')),
        model_id TEXT NOT NULL, model_digest TEXT NOT NULL, seed INTEGER NOT NULL,
        sampling TEXT NOT NULL, created INTEGER NOT NULL,
        template_version INTEGER NOT NULL, personalised INTEGER NOT NULL,
        tokens INTEGER NOT NULL, first_token_s REAL, first_shown_s REAL,
        tokens_per_s REAL, effect TEXT NOT NULL, rule TEXT NOT NULL, tier TEXT NOT NULL,
        issuer TEXT NOT NULL, reason TEXT NOT NULL, notes TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX turns_conversation ON turns(conversation_id, position)",
    "CREATE INDEX turns_open ON turns(status) WHERE status = 'open'",
    """CREATE TABLE turn_used(
        n INTEGER PRIMARY KEY, turn_id TEXT NOT NULL REFERENCES turns(id),
        kind TEXT NOT NULL, item_id TEXT NOT NULL, score REAL NOT NULL
    ) STRICT""",
    "CREATE INDEX turn_used_turn ON turn_used(turn_id)",
    """CREATE TABLE preferences(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL,
        scope TEXT NOT NULL CHECK (scope IN ('always', 'project', 'topic', 'chat')),
        scope_ref TEXT NOT NULL, source TEXT NOT NULL, provenance TEXT,
        state TEXT NOT NULL CHECK
            (state IN ('active', 'proposed', 'disabled', 'rejected')),
        domain TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
        expires INTEGER, uses INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE feedback(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        turn_id TEXT NOT NULL REFERENCES turns(id), kind TEXT NOT NULL CHECK
            (kind IN ('up', 'down', 'score', 'edit', 'choice', 'note')),
        value TEXT NOT NULL, reasons TEXT NOT NULL, created INTEGER NOT NULL,
        undone INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX feedback_turn ON feedback(turn_id)",
    """CREATE TABLE embeddings(
        n INTEGER PRIMARY KEY, kind TEXT NOT NULL, item_id TEXT NOT NULL,
        model_digest TEXT NOT NULL, vector BLOB NOT NULL,
        UNIQUE (kind, item_id, model_digest)
    ) STRICT""",
    "CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE drafts(
        conversation_id TEXT PRIMARY KEY REFERENCES conversations(id), text TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE profile(
        dimension TEXT PRIMARY KEY, value REAL, locked INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE policy_state(
        one INTEGER PRIMARY KEY CHECK (one = 1), floors TEXT NOT NULL, clock INTEGER
    ) STRICT""",
    "INSERT INTO policy_state VALUES (1, '{}', NULL)",
    """CREATE TABLE decision_log(
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, rule TEXT NOT NULL,
        tier TEXT NOT NULL, issuer TEXT NOT NULL, place TEXT NOT NULL,
        effect TEXT NOT NULL, score REAL, shown_view TEXT NOT NULL, digest BLOB NOT NULL
    ) STRICT""",
    """CREATE VIRTUAL TABLE turns_text USING fts5(
        question, answer, content = 'turns', content_rowid = 'n',
        tokenize = 'porter unicode61 remove_diacritics 2')""",
    "INSERT INTO turns_text(turns_text, rank) VALUES ('secure-delete', 1)",
    # A turn is indexed when it ends, not at each sentence: an open one changes often.
    """CREATE TRIGGER turns_text_add AFTER INSERT ON turns WHEN new.status <> 'open' BEGIN
        INSERT INTO turns_text(rowid, question, answer)
        VALUES (new.n, new.question, new.answer); END""",
    """CREATE TRIGGER turns_text_drop AFTER DELETE ON turns WHEN old.status <> 'open' BEGIN
        INSERT INTO turns_text(turns_text, rowid, question, answer)
        VALUES ('delete', old.n, old.question, old.answer); END""",
    """CREATE TRIGGER turns_text_change AFTER UPDATE OF question, answer, status ON turns
        WHEN old.status <> 'open' BEGIN
        INSERT INTO turns_text(turns_text, rowid, question, answer)
        VALUES ('delete', old.n, old.question, old.answer);
        INSERT INTO turns_text(rowid, question, answer)
        VALUES (new.n, new.question, new.answer); END""",
    """CREATE TRIGGER turns_text_finish AFTER UPDATE OF status ON turns
        WHEN old.status = 'open' AND new.status <> 'open' BEGIN
        INSERT INTO turns_text(rowid, question, answer)
        VALUES (new.n, new.question, new.answer); END""",
    """CREATE VIRTUAL TABLE preferences_text USING fts5(
        text, content = 'preferences', content_rowid = 'n',
        tokenize = 'porter unicode61 remove_diacritics 2')""",
    "INSERT INTO preferences_text(preferences_text, rank) VALUES ('secure-delete', 1)",
    """CREATE TRIGGER preferences_text_add AFTER INSERT ON preferences BEGIN
        INSERT INTO preferences_text(rowid, text) VALUES (new.n, new.text); END""",
    """CREATE TRIGGER preferences_text_drop AFTER DELETE ON preferences BEGIN
        INSERT INTO preferences_text(preferences_text, rowid, text)
        VALUES ('delete', old.n, old.text); END""",
    """CREATE TRIGGER preferences_text_change AFTER UPDATE OF text ON preferences BEGIN
        INSERT INTO preferences_text(preferences_text, rowid, text)
        VALUES ('delete', old.n, old.text);
        INSERT INTO preferences_text(rowid, text) VALUES (new.n, new.text); END""",
)

_ATTACHMENTS: Final = (
    """CREATE TABLE attachments(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        turn_id TEXT NOT NULL REFERENCES turns(id), name TEXT NOT NULL, kind TEXT NOT NULL,
        size INTEGER NOT NULL, sha256 TEXT NOT NULL, note TEXT NOT NULL, text TEXT NOT NULL,
        created INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX attachments_turn ON attachments(turn_id)",
    """CREATE TABLE chunks(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        attachment_id TEXT NOT NULL REFERENCES attachments(id), ordinal INTEGER NOT NULL,
        start INTEGER NOT NULL, stop INTEGER NOT NULL, first INTEGER NOT NULL,
        last INTEGER NOT NULL, text TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX chunks_attachment ON chunks(attachment_id, ordinal)",
    """CREATE VIRTUAL TABLE chunks_text USING fts5(
        text, content = 'chunks', content_rowid = 'n',
        tokenize = 'porter unicode61 remove_diacritics 2')""",
    "INSERT INTO chunks_text(chunks_text, rank) VALUES ('secure-delete', 1)",
    """CREATE TRIGGER chunks_text_add AFTER INSERT ON chunks BEGIN
        INSERT INTO chunks_text(rowid, text) VALUES (new.n, new.text); END""",
    """CREATE TRIGGER chunks_text_drop AFTER DELETE ON chunks BEGIN
        INSERT INTO chunks_text(chunks_text, rowid, text)
        VALUES ('delete', old.n, old.text); END""",
)

MIGRATIONS: Final[Steps] = (_FIRST, _ATTACHMENTS)
FULL_TEXT_TABLES: Final = ("turns_text", "preferences_text", "chunks_text")


def pending(version: int, steps: Steps) -> Steps:
    """The steps a vault of schema ``version`` still needs; VaultTooNew if it is ahead."""
    if version > len(steps):
        raise VaultTooNew("This vault was written by a newer program.")
    return steps[version:]
