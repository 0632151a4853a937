"""A `keyring` package for processes under test: it holds what a variable says, or fails as real ones do."""

from __future__ import annotations

from pathlib import Path

HELD = "FAKE_KEYRING"
"""The variable with what the keyring of service "ploked", user "openrouter" is: `key:...`, `raise:...` or `hang`."""

_PACKAGE = f'''
import os, time
from keyring.errors import *
def get_password(service, user):
    kind, _, value = os.environ.get("{HELD}", "").partition(":")
    if kind == "hang":
        time.sleep(60)
    if kind == "raise":
        raise globals()[value]("sk-or-v1-held-by-the-backend")
    return value if kind == "key" and (service, user) == ("ploked", "openrouter") else None
'''
_ERRORS = """
class KeyringError(Exception): pass
class NoKeyringError(KeyringError, RuntimeError): pass
class KeyringLocked(KeyringError): pass
"""


def install(folder: Path) -> Path:
    """Write the package below `folder`; return what to put on the path of a process."""
    package = folder / "fake" / "keyring"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(_PACKAGE)
    (package / "errors.py").write_text(_ERRORS)
    return package.parent
