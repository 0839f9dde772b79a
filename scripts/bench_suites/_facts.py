"""A factual control: plain questions with checkable answers, personalisation on and off.

The questions are our own. The same model gives three answers to each, with the same seeds on
every side; what counts is the paired difference. Four learned users take turns, each with a
vault. Sides: without personalisation, with it as it ships (general wishes about style that
do not suit a plain fact stay out of it, ``personal.plain_facts``), and with every wish beside
every question, as it was before. The same prompt with the same seed is the same answer and is
not asked twice.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.personal.placement import Beside, beside
from assistant.personal.plain_facts import asks_for_a_fact
from assistant.personal.preferences import read_preference
from assistant.personal.profile import build_profile, instructions
from assistant.personal.recall import Recall
from assistant.vault.records import ProfileValue
from scripts.bench_suites._chat_model import ChatModel
from scripts.bench_suites._evaluation import figure, mean
from scripts.bench_suites._users import recall_over
from tests.vault_world import create

Row = dict[str, Any]
MAX_TOKENS = 48
SEED = 11
ANSWERS = 3
PIECES = 4

FACTS = (
    ("What is the capital of France?", "paris"),
    ("What is the capital of Germany?", "berlin"),
    ("What is the capital of Japan?", "tokyo"),
    ("What is the capital of China?", "beijing"),
    ("What is the capital of Russia?", "moscow"),
    ("What is the capital of Egypt?", "cairo"),
    ("What is the capital of Greece?", "athens"),
    ("What is the capital of the United Kingdom?", "london"),
    ("What is the capital of Ireland?", "dublin"),
    ("What is the capital of Austria?", "vienna"),
    ("What is the capital of Canada?", "ottawa"),
    ("What is the capital of India?", "delhi"),
    ("In which country is the city of Paris?", "france"),
    ("In which country is the Great Wall?", "china"),
    ("In which country are the pyramids of Giza?", "egypt"),
    ("On which continent is Brazil?", "south america"),
    ("On which continent is Egypt?", "africa"),
    ("On which continent is Germany?", "europe"),
    ("On which continent is India?", "asia"),
    ("Which language is spoken in Brazil?", "portuguese"),
    ("Which language is spoken in Mexico?", "spanish"),
    ("Which language is spoken in Austria?", "german"),
    ("Which currency is used in Japan?", "yen"),
    ("Which currency is used in the United States?", "dollar"),
    ("Which currency is used in the United Kingdom?", "pound"),
    ("How many days are in a week?", r"seven|\b7\b"),
    ("How many months are in a year?", r"twelve|\b12\b"),
    ("How many hours are in a day?", r"twenty.?four|\b24\b"),
    ("How many minutes are in an hour?", r"sixty|\b60\b"),
    ("How many seconds are in a minute?", r"sixty|\b60\b"),
    ("How many legs does a spider have?", r"eight|\b8\b"),
    ("How many legs does a dog have?", r"four|\b4\b"),
    ("How many wheels does a bicycle have?", r"two|\b2\b"),
    ("How many sides does a triangle have?", r"three|\b3\b"),
    ("How many sides does a square have?", r"four|\b4\b"),
    ("How many letters are in the English alphabet?", r"twenty.?six|\b26\b"),
    ("What is 2 plus 2?", r"\b4\b|four"),
    ("What is 3 times 3?", r"\b9\b|nine"),
    ("What colour is the sky on a clear day?", "blue"),
    ("What colour is snow?", "white"),
    ("What colour is a ripe banana?", "yellow"),
    ("What colour do blue and yellow make?", "green"),
    ("What is the chemical formula of water?", "h2o|h₂o"),
    ("What is the chemical symbol of gold?", r"\bau\b"),
    ("What is the chemical symbol of oxygen?", r"\bo2?\b"),
    ("Which gas do plants take in?", r"carbon dioxide|co2|co₂"),
    ("Which gas do people need to breathe?", "oxygen"),
    ("What is frozen water called?", r"\bice\b"),
    ("At how many degrees Celsius does water boil?", r"\b100\b|hundred"),
    ("At how many degrees Celsius does water freeze?", r"\b0\b|zero"),
    ("Which planet do we live on?", "earth"),
    ("Which planet is nearest to the Sun?", "mercury"),
    ("Which planet is the largest in the solar system?", "jupiter"),
    ("Which planet is called the Red Planet?", "mars"),
    ("What does the Earth go round?", r"\bsun\b"),
    ("What goes round the Earth?", "moon"),
    ("What is the star nearest to the Earth?", r"\bsun\b"),
    ("What force pulls things to the ground?", "gravit"),
    ("What do bees make?", "honey"),
    ("What do cows give us to drink?", "milk"),
    ("Which animal is known as the king of the jungle?", "lion"),
    ("Which animal says meow?", r"\bcats?\b"),
    ("What is the largest animal on Earth?", "whale"),
    ("What is the tallest animal?", "giraffe"),
    ("What is a young dog called?", "puppy|pup"),
    ("What is a young cat called?", "kitten"),
    ("What do caterpillars turn into?", "butterfl|moth"),
    ("Which bird is a symbol of peace?", "dove"),
    ("Which organ pumps the blood?", "heart"),
    ("Which organ do we think with?", "brain"),
    ("Which organs do we breathe with?", "lung"),
    ("What do we see with?", r"\beyes?\b"),
    ("What do we hear with?", r"\bears?\b"),
    ("What is the largest ocean?", "pacific"),
    ("What is the highest mountain on Earth?", "everest"),
    ("Which river flows through Egypt?", "nile"),
    ("Which river flows through London?", "thames"),
    ("Who wrote Romeo and Juliet?", "shakespeare"),
    ("Who wrote Hamlet?", "shakespeare"),
    ("Who painted the Mona Lisa?", "leonardo|vinci"),
    ("Who wrote the Harry Potter books?", "rowling"),
    ("Whose theory says that nothing outruns light?", "einstein"),
    ("Who was the first person on the Moon?", "armstrong"),
    ("Who was the first president of the United States?", "washington"),
    ("Who invented the telephone?", r"\bbell\b"),
    ("Who wrote On the Origin of Species?", "darwin"),
    ("In which year did the Second World War end?", "1945"),
    ("In which city is the Eiffel Tower?", "paris"),
    ("In which city is the Colosseum?", "rome"),
    ("In which city is Big Ben?", "london"),
    ("In which city is the Statue of Liberty?", "new york"),
    ("What is the opposite of hot?", "cold"),
    ("What is the opposite of up?", "down"),
    ("What is the opposite of day?", "night"),
    ("What is the opposite of big?", "small|little|tiny"),
    ("What is the opposite of happy?", "sad|unhappy"),
    ("Which season comes after winter?", "spring"),
    ("Which month comes after January?", "february"),
    ("Which day comes after Monday?", "tuesday"),
    ("What is bread made from?", "flour|wheat|grain"),
    ("What is cheese made from?", "milk"),
    ("From which fruit is wine made?", "grape"),
    ("Which metal do magnets attract?", r"\biron\b|steel"),
    ("What is the hardest natural substance?", "diamond"),
    ("What do we call a doctor for teeth?", "dentist"),
    ("What do we call a person who bakes bread?", "baker"),
    ("What do we call a building full of books to borrow?", "librar"),
    ("Which instrument has black and white keys?", "piano"),
    ("How many strings does a violin have?", r"four|\b4\b"),
    ("What is the main language of France?", "french"),
)
"""Left out are the 10 of the first 49 that the default model never got right in three
tries with other seeds: a question nobody answers cannot show harm."""

FRESH = (
    ("what's the capital of spain", "madrid"),
    ("What is the capital city of Italy?", "rome"),
    ("Which city is the capital of Portugal?", "lisbon"),
    ("What country is Tokyo in?", "japan"),
    ("Where is the Taj Mahal?", "india"),
    ("Where are kangaroos from?", "australia"),
    ("Which continent is Kenya on?", "africa"),
    ("What continent is Argentina in?", "south america"),
    ("What language do people speak in Germany?", "german"),
    ("What language do they speak in Argentina?", "spanish"),
    ("What money do they use in Mexico?", "peso"),
    ("How many minutes does an hour have?", r"sixty|\b60\b"),
    ("How many cents are in a dollar?", r"hundred|\b100\b"),
    ("How many years are in a century?", r"hundred|\b100\b"),
    ("How many planets are in the solar system?", r"eight|\b8\b"),
    ("How many continents are there?", r"seven|\b7\b"),
    ("How many fingers does a person have on one hand?", r"five|\b5\b"),
    ("How many legs does a cat have?", r"four|\b4\b"),
    ("How many letters are in the word cat?", r"three|\b3\b"),
    ("What is 5 plus 5?", r"\b10\b|ten\b"),
    ("What is 10 minus 3?", r"\b7\b|seven"),
    ("what is 4 x 2", r"\b8\b|eight"),
    ("What is half of 10?", r"\b5\b|five"),
    ("What colour is grass?", "green"),
    ("What colour is an orange?", "orange"),
    ("What colour is blood?", "red"),
    ("Which colour do you get from red and white?", "pink"),
    ("What is H2O?", "water"),
    ("What's the chemical symbol for iron?", r"\bfe\b"),
    ("Which metal is liquid at room temperature?", "mercury"),
    ("What gas do we breathe out?", r"carbon dioxide|co2|co₂"),
    ("What is the closest planet to the Sun?", "mercury"),
    ("Which planet has rings?", "saturn"),
    ("What is the name of our galaxy?", "milky way"),
    ("What is the biggest country in the world?", "russia"),
    ("What is the longest river in the world?", "nile|amazon"),
    ("Which country has the most people?", "india|china"),
    ("Who painted The Starry Night?", "gogh"),
    ("Who wrote 1984?", "orwell"),
    ("Who wrote Pride and Prejudice?", "austen"),
    ("Who discovered gravity?", "newton"),
    ("Who invented the light bulb?", "edison"),
    ("Who composed the Moonlight Sonata?", "beethoven"),
    ("When did the First World War begin?", "1914"),
    ("In what year did people first land on the Moon?", "1969"),
    ("What is the opposite of fast?", "slow"),
    ("What is the opposite of old?", "new|young"),
    ("What is the plural of mouse?", "mice"),
    ("What is the past tense of go?", "went"),
    ("What do you call a baby sheep?", "lamb"),
    ("What do you call frozen rain?", "hail|sleet|snow"),
    ("What animal gives us wool?", "sheep"),
    ("What do pandas eat?", "bamboo"),
    ("Where do polar bears live?", "arctic"),
    ("Which meal do people eat in the morning?", "breakfast"),
    ("What day comes before Sunday?", "saturday"),
    ("What month has 28 days?", "february"),
    ("What season is the coldest?", "winter"),
    ("What is paper made from?", "wood|tree|pulp"),
    ("What is used to measure temperature?", "thermometer"),
)  # fmt: skip
"""Written after the reader of plain facts was finished, and not one left out."""

_LEARNED = (
    (("Answer briefly, in one or two sentences.", "Use a casual tone."), (("length", -0.7),)),
    (("Answer with short bullet lists.", "I am vegetarian."), (("structure", 0.7),)),
    (("Use a formal tone.", "I live in Leeds with two cats."), (("reading_level", 0.6),)),
    (("Use emojis 😀 in your answer.",), (("examples", 0.7), ("directness", 0.6))),
)
"""What four users taught: their preferences, and sliders that moved."""


class _Learned:
    """One learned user: what the product would put beside a question."""

    def __init__(self, folder: Path, kind: int) -> None:
        self.vault, _ = create(folder)
        wishes, sliders = _LEARNED[kind]
        for text in wishes:
            self.vault.preferences.add(text)
        values = [ProfileValue(name, value, locked=False) for name, value in sliders]
        self._profile = build_profile([], values)
        self._recall: Recall = recall_over(self.vault)

    def beside(self, question: str, *, spare: bool) -> Beside:
        found = self._recall.find(question, spare_facts=spare)
        spoken = [*found.items, *(i for i in found.considered if i.reason == "fact")]
        covered = {wish.style for item in spoken for wish in read_preference(item.text).wishes}
        fact = spare and asks_for_a_fact(question)
        return beside(found.items, instructions(self._profile, covered, of_a_fact=fact))


def _right(wanted: str, answer: str) -> bool:
    return re.search(wanted, answer, re.IGNORECASE) is not None


def control(piece: int | None, every: int = 1) -> Iterator[Row]:
    """One row a question, then the pooled figures; ``piece`` from 1 takes one of ``PIECES``."""
    asked = [(n, *fact) for n, fact in enumerate((*FACTS, *FRESH))][::every]
    if piece is not None:
        asked = asked[piece - 1 :: PIECES]
    rows = []
    for row in _answered(asked):
        rows.append(row)
        yield row
    yield from pooled_facts(rows)


def _answered(asked: Sequence[tuple[int, str, str]]) -> Iterator[Row]:
    model = ChatModel()
    try:
        with tempfile.TemporaryDirectory() as folder:
            users = [_Learned(Path(folder) / str(kind), kind) for kind in range(len(_LEARNED))]
            for number, question, wanted in asked:
                user = users[number % len(users)]
                prompts = {
                    "off": question,
                    "on": user.beside(question, spare=True).around(question),
                    "wishes": user.beside(question, spare=False).around(question),
                }
                right = {
                    prompt: mean(
                        float(_right(wanted, answer))
                        for answer in model.answers(prompt, ANSWERS, SEED + 2 * number, MAX_TOKENS)
                    )
                    for prompt in dict.fromkeys(prompts.values())
                }
                yield {
                    "figure": f"question {number}", "fact": number,
                    "fresh": number >= len(FACTS), "read": asks_for_a_fact(question),
                    **{side: right[prompt] for side, prompt in prompts.items()},
                }  # fmt: skip
            for user in users:
                user.vault.close()
    finally:
        model.stop()


def pooled_facts(rows: Sequence[Row]) -> Iterator[Row]:
    """Share of right answers on each side, and paired differences, over questions."""
    names = {
        "off": "without personalisation", "on": "with personalisation",
        "wishes": "with every wish beside it",
    }  # fmt: skip
    for side, name in names.items():
        yield figure(f"factual questions right, {name}", [row[side] for row in rows])
    for side, target in (("on", "interval reaches 0"), ("wishes", "")):
        for fresh, which in ((None, ""), (True, ", fresh questions")):
            kept = [row for row in rows if fresh is None or row["fresh"] is fresh]
            if kept:
                lost = [100 * (row[side] - row["off"]) for row in kept]
                yield figure(f"factual questions, {names[side]} minus without{which}", lost,
                             "points", target=target)  # fmt: skip
    for fresh, which in ((False, ""), (True, ", fresh questions")):
        kept = [row for row in rows if row["fresh"] is fresh]
        if kept:
            yield figure(f"factual questions read as such{which}", [float(r["read"]) for r in kept])
