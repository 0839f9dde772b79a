"""The default chat model in its child, for suites that only need answers."""

from __future__ import annotations

from assistant.conversation.prompt import SYSTEM_TEXT
from assistant.engine import (
    CandidateFinished,
    ChatMessage,
    GenerateRequest,
    ModelCatalogue,
    ModelClient,
    ModelFile,
    TextDelta,
    catalogue_path,
    default_weights,
)


class ChatModel:
    """Asks the model; counts the tokens it writes. Stop it at the end."""

    def __init__(self) -> None:
        entry = ModelCatalogue.load(catalogue_path()).default("chat")
        file = entry.file[0]
        self._client = ModelClient()
        self._client.start(ModelFile(default_weights() / file.path, file.sha256))
        self._client.wait_ready(120.0)
        self.written = [0, 0, 0]

    def answers(
        self, message: str, candidates: int, seed: int, max_tokens: int, grammar: str = ""
    ) -> list[str]:
        """So many answers to a message under the product's own system text."""
        texts = [""] * candidates
        request = GenerateRequest(
            (ChatMessage("system", SYSTEM_TEXT),),
            ChatMessage("user", message),
            candidates=candidates,
            seed=seed,
            max_tokens=max_tokens,
            grammar=grammar,
        )
        for event in self._client.generate(request):
            if isinstance(event, TextDelta):
                texts[event.candidate] += event.text
            elif isinstance(event, CandidateFinished):
                self.written[event.candidate] += event.tokens
        return texts

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return self._client.count([text])[0] if text else 0

    def stop(self) -> None:
        """End the child."""
        self._client.stop()
