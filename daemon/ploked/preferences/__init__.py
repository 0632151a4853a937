"""Preferences: the user's `[registry]` table of config.toml, read with patience and checked against the facts."""
