"""What was learned of one person: preferences, feedback, recall, the style profile.

Knows neither the engine nor policy: it reads the vault's records and declares what else
it needs in ``protocols``. Modules are imported when first asked for.
"""
