"""Whoever holds the vault answers requests: in the same process or over its socket."""
