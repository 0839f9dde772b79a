"""Prompts for the look-up suite: nothing to copy, a text to quote or rewrite, code to edit."""

from __future__ import annotations

from assistant.conversation.attachments.citing import marker
from assistant.conversation.attachments.placing import quoted

_LEASE = """The tenant pays the rent of 840 euros on the third working day of each month.
The landlord repairs the roof, the boiler and the water pipes within fourteen days of a
written notice. The tenant repairs what the tenant has broken. Either side may end this
agreement with three months' notice in writing. A deposit of two months' rent is held in a
separate account and is returned, with its interest, within six weeks of the last day."""

_MINUTES = """The garden club met on Tuesday with eleven members present. The treasurer
reported a balance of 412 pounds and asked for a vote on the new water tank. Seven members
voted for the tank, three against it, and one abstained. The path along the north wall will
be cleared before Easter. Mrs Harding offered her trailer for the gravel. The next meeting
is on the second Tuesday of March, at seven in the evening, in the school library."""

_RECIPE = """Soak the beans overnight in plenty of cold water. Drain them, cover them with
fresh water and simmer them for ninety minutes without salt. Fry two onions and a carrot in
olive oil until they are soft, add a spoon of paprika and three chopped tomatoes, and cook
everything for ten minutes. Stir the beans in, season with salt and vinegar, and let the
stew rest for half an hour before you serve it with bread."""

_NOTICE = """The bridge on Mill Lane is closed to cars from 4 May until 19 June while the
arches are repaired. Pedestrians and bicycles may use the temporary crossing beside the
weir. Buses 12 and 31 stop at the church instead of the market. Deliveries to the shops on
the east bank are possible through Station Road between six and nine in the morning."""

_LETTER = """Dear Mr Osei, thank you for your application of 3 February. We were impressed by
your work on the tide gauges and would like to invite you to a conversation at our office in
Leith. Please bring one example of a report that you have written for readers who are not
engineers. We can refund the journey up to 120 pounds. Kind regards, Ana Lindqvist"""

_MEAN = """def mean(values):
    total = 0
    for value in values:
        total = total + value
    return total / len(values)"""

_STACK = """class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()

    def size(self):
        return len(self.items)"""

_READ = """def read_settings(path):
    file = open(path)
    settings = {}
    for line in file:
        name, value = line.split("=")
        settings[name.strip()] = value.strip()
    file.close()
    return settings"""

_FIND = """function findUser(users, name) {
  for (let i = 0; i < users.length; i++) {
    if (users[i].name === name) {
      return users[i];
    }
  }
  return null;
}"""

_WORDS = """def count_words(text):
    counts = {}
    for word in text.split():
        if word in counts:
            counts[word] = counts[word] + 1
        else:
            counts[word] = 1
    return counts"""


def _about(name: str, text: str, question: str) -> str:
    """As an attached file stands in a prompt."""
    return f"{marker(name, '')}\n{quoted(text)}\n\n{question}"


def _edit(code: str, question: str) -> str:
    return f"{question}\n\n```\n{code}\n```"


KINDS: dict[str, tuple[str, ...]] = {
    "chat": (
        "Why is the sky blue, and why is a sunset red?",
        "What should I look at when I buy a second-hand bicycle?",
        "Write a short story about a miller and a river.",
        "How can I fall asleep more easily?",
        "Tell me about the history of the printing press.",
    ),
    "text": (
        _about("lease.txt", _LEASE, "Quote what the lease says about repairs and notice."),
        _about("minutes.txt", _MINUTES, "Rewrite these minutes as a list."),
        _about("recipe.txt", _RECIPE, "Correct the spelling of this recipe and repeat it."),
        _about("notice.txt", _NOTICE, "What does this mean for somebody who takes the bus?"),
        _about("letter.txt", _LETTER, "Make this letter a little more formal."),
    ),
    "code": (
        _edit(_MEAN, "Rename total to amount and show the whole function."),
        _edit(_STACK, "Add a method peek that returns the last item. Show the whole class."),
        _edit(_READ, "Use a with statement. Show the whole function."),
        _edit(_FIND, "Rename the function to findPerson and show all of it."),
        _edit(_WORDS, "Add a docstring and type hints. Show the whole function."),
    ),
}
