"""The system's keyring, through the `keyring` package where that is installed (the extra of the same name)."""

from __future__ import annotations

from threading import Thread

import msgspec

from ..secret import Secret

SERVICE = "ploked"
"""What our entries are filed under: `keyring set ploked openrouter` makes one."""
PATIENCE_S = 30.0
"""A locked keyring asks its user for the password; without one before it, it may wait for ever."""


class RingAnswer(msgspec.Struct, frozen=True):
    """What the keyring said: a key, or why there is none."""

    key: Secret | None = None
    nothing: str = ""
    """Why there is no key, in words for a list."""
    trouble: bool = False
    """Whether that is a fault: there might be a key."""


def ask(upstream: str, patience_s: float = PATIENCE_S) -> RingAnswer:
    """Return the key that the keyring has of an upstream. Never raises; call it in a thread, for it may wait."""
    answers: list[RingAnswer] = []
    # A thread of its own, which can be left behind: a keyring that hangs must not keep one of the daemon's for ever.
    thread = Thread(target=lambda: answers.append(_ask(upstream)), name="keyring", daemon=True)
    thread.start()
    thread.join(patience_s)
    return answers[0] if answers else RingAnswer(None, f"it did not answer within {patience_s:g} s", trouble=True)


def _ask(upstream: str) -> RingAnswer:
    try:
        import keyring  # 55 ms, and backends beyond
        from keyring.errors import NoKeyringError
    except ImportError:
        return RingAnswer(None, "not installed (pip install 'ploked[keyring]')")
    try:
        value = (keyring.get_password(SERVICE, upstream) or "").strip()
    except NoKeyringError:
        return RingAnswer(None, "there is none on this machine")
    except Exception as error:  # noqa: BLE001  backends raise what they like, and may quote what they hold
        return RingAnswer(None, f"it cannot be read ({type(error).__name__})", trouble=True)
    return RingAnswer(Secret(value)) if value else RingAnswer(None, f"no entry {SERVICE}/{upstream}")
