"""An on-device assistant that learns one person's taste inside signed bounds.

Rooms: ``policy`` (the three tiers), ``personal`` (what was learned), ``vault``
(the encrypted store), ``engine`` (the two child processes), ``conversation`` (one
turn), ``holder`` (whoever holds the vault answers requests), ``tui`` and ``cli``
(the faces). ``app`` wires them; ``errors`` names everything that can go wrong.
"""

__version__ = "0.1.0"
