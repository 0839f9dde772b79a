"""The published JSON Schema (draft 2020-12) of policy documents, for editors.

It describes the shape; what only reading checks (duplicate keys, dates in order, ids used
once, the pattern language) stays with :meth:`PolicyDocument.from_bytes`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from assistant.policy.document import FORMAT, PolicyDocument

SCHEMA_FILE: Final = Path(__file__).parent / "policy-document.schema.json"


def schema_text() -> str:
    """The schema as it is published."""
    schema = PolicyDocument.model_json_schema()
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{FORMAT.replace('/', ':')}",
        **schema,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
