"""``policy calibrate``: train a rule's head and choose its thresholds at a stated rate.

An RBF support-vector machine (logistic regression where it would grow too large) on the
shared embedding, examples against counter-examples and harmless texts. Thresholds are chosen
on harmless texts the head was not trained on, with the finite-sample correction of conformal
prediction: the k-th largest score with k = floor(rate x (n + 1)). They hold for texts like
those; the author should give their own. Recall is measured by five-fold cross-validation.
Needs scikit-learn, which only authors need; it is imported here alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from assistant.errors import UsageError
from assistant.policy.canonical import canonical
from assistant.policy.document import PolicyDocument
from assistant.policy.document_match import Head, Meaning
from assistant.policy.everyday import everyday_texts, look_alikes
from assistant.policy.meaning import MeaningScorer, passages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAX_SUPPORT: Final = 1300  # vectors of 384 numbers that fit the document's limit for a head
_FOLDS: Final = 5
_BATCH: Final = 64
_GAMMA: Final = 2.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What an author is shown about one calibrated rule."""

    rule_id: str
    kind: str
    examples: int
    benign_count: int
    strict_rate: float
    grey_rate: float
    recall_strict: float
    recall_grey: float


def calibrate(
    raw: bytes,
    scorer: MeaningScorer,
    *,
    strict_rate: float = 0.005,
    grey_rate: float = 0.05,
    benign: Sequence[str] = (),
) -> tuple[bytes, tuple[Calibration, ...]]:
    """The document with a head in every rule by meaning, and what was measured.

    ``benign`` are harmless texts of the author's own world, added to the program's. Raises
    :class:`UsageError` for a rate that is no rate, or too few harmless texts for it.
    """
    if not 0 < strict_rate <= grey_rate < 0.5:
        raise UsageError("Rates run 0 < strict <= grey < 0.5.")
    document = PolicyDocument.from_bytes(raw)
    value = json.loads(raw)
    harmless = [*everyday_texts(1600), *look_alikes(800), *benign]
    vectors = _embed(scorer, harmless)
    reports: list[Calibration] = []
    for number, rule in enumerate(document.rules):
        if rule.match.meaning is None or rule.match.meaning.adapter is not None:
            continue  # an adapter brings its own thresholds
        fitted = _fit(rule.match.meaning, scorer, vectors, (strict_rate, grey_rate))
        head, recalls = fitted
        value["rules"][number]["match"]["meaning"]["head"] = json.loads(head.model_dump_json())
        reports.append(
            Calibration(
                rule.id, head.kind, len(rule.match.meaning.examples), head.benign_count,
                head.strict_rate, head.grey_rate, *recalls,
            )
        )  # fmt: skip
    written = (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
    PolicyDocument.from_bytes(written)
    return written, tuple(reports)


def _fit(
    meaning: Meaning,
    scorer: MeaningScorer,
    benign: NDArray[np.float32],
    rates: tuple[float, float],
) -> tuple[Head, tuple[float, float]]:
    import numpy as np

    positive = _embed(scorer, meaning.examples)
    negative = _embed(scorer, meaning.counter_examples)
    # Every third harmless text trains, the others choose the thresholds.
    training = np.arange(len(benign)) % 3 == 0
    against = np.vstack([negative, benign[training]])
    model, kind = _model(positive, against)
    held_out = _scores(model, benign[~training])
    strict, grey = (_threshold(held_out, rate) for rate in rates)
    crossed = _crossed(positive, against)
    recalls = (float((crossed >= strict).mean()), float((crossed >= grey).mean()))
    head = Head(
        kind=kind,
        embedder=scorer.digest,
        dimensions=int(positive.shape[1]),
        gamma=_GAMMA if kind == "rbf" else 0.0,
        weights=base64.b64encode(_weights(model, kind).astype("<f4").tobytes()).decode(),
        strict=strict,
        grey=grey,
        strict_rate=float((held_out >= strict).mean()),
        grey_rate=float((held_out >= grey).mean()),
        benign_count=len(held_out),
        recall=recalls[1],
    )
    return head, recalls


def _model(positive: NDArray[np.float32], against: NDArray[np.float32]) -> tuple[Any, Any]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    texts = np.vstack([positive, against])
    labels = np.r_[np.ones(len(positive)), np.zeros(len(against))]
    machine = SVC(C=3.0, gamma=_GAMMA, class_weight="balanced").fit(texts, labels)
    if len(machine.support_vectors_) <= _MAX_SUPPORT:
        return machine, "rbf"
    plain = LogisticRegression(C=10.0, max_iter=2000, class_weight="balanced")
    return plain.fit(texts, labels), "logistic"


def _crossed(positive: NDArray[np.float32], against: NDArray[np.float32]) -> NDArray[np.float32]:
    """The score of every example by a head that has not seen it."""
    import numpy as np

    folds = np.arange(len(positive)) % min(_FOLDS, len(positive))
    found = np.zeros(len(positive), dtype=np.float32)
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        if out.all():
            continue
        model, _ = _model(positive[~out], against)
        found[out] = _scores(model, positive[out])
    return found


def _scores(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    raw = model.decision_function(vectors)
    return np.asarray(1.0 / (1.0 + np.exp(-raw)), dtype=np.float32)


def _threshold(scores: NDArray[np.float32], rate: float) -> float:
    allowed = int(rate * (len(scores) + 1))
    if allowed < 1:
        raise UsageError(
            f"{len(scores)} harmless texts are too few for a rate of {rate:g}.",
            hint="Give more harmless texts of your own, or a higher rate.",
        )
    ordered = sorted((float(score) for score in scores), reverse=True)
    # Just above the score that would be the first one too many.
    return min(1.0, ordered[allowed - 1] + 1e-6)


def _weights(model: Any, kind: str) -> NDArray[np.float32]:
    import numpy as np

    if kind == "logistic":
        parts = [model.coef_[0], model.intercept_]
    else:
        parts = [model.support_vectors_.ravel(), model.dual_coef_[0], model.intercept_]
    return np.concatenate(parts).astype(np.float32)


def _embed(scorer: MeaningScorer, texts: Sequence[str]) -> NDArray[np.float32]:
    import numpy as np

    # The way the gate will see them: folded, and no longer than one window.
    seen = [passages(canonical(text))[0] for text in texts if text.strip()]
    raw: list[bytes] = []
    for at in range(0, len(seen), _BATCH):
        raw += scorer.embed(seen[at : at + _BATCH])
    return np.stack([np.frombuffer(vector, dtype="<f4") for vector in raw])
