"""Language features in config.toml: one file each, with `register(session)`."""

from __future__ import annotations

from . import completion, diagnostics, hover, quick_fixes

FEATURES = (diagnostics.register, completion.register, hover.register, quick_fixes.register)
"""What a session of the daemon offers."""
