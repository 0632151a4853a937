"""The file of keys: a JSON object by upstream, read only while it is the user's alone, and written whole or not at all.

It lies among the state, not among the configuration: people keep that in repositories.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from ploked_protocol.errors import ErrorData, PlokedError

from .. import system
from ..paths import quoted
from ..preferences.disk import write_atomic
from ..secret import LONGEST, Secret

MAX_BYTES = 1 << 16
"""Of the file: what is longer is not read, and so must not be written."""
ATTEMPTS = 50
"""How often a change starts anew because another process has changed the file."""


class KeyFile:
    """The keys in one file. Every method raises PlokedError, with the command that mends it, for one not to be trusted.

    A damaged file is never replaced: it may hold other keys.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, upstream: str) -> Secret | None:
        """Return the key of an upstream, which `ploked keys set` put there; None where there is none."""
        value = self._keys(self._text()).get(upstream)
        return Secret(value.strip()) if isinstance(value, str) and value.strip() else None

    def set(self, upstream: str, key: Secret) -> None:
        """Keep `key` as that of an upstream, in place of the one before; a new file and folder are the user's alone.

        One that is too long for a key is refused, and the one before stays.
        """
        if len(key.reveal()) > LONGEST:
            raise PlokedError(
                f"Nothing was stored: that is no key. It has more than {LONGEST:,} characters.",
                ErrorData(path=str(self.path), next_step="See what was copied, and take the key alone."),
            )
        self._change(lambda keys: {**keys, upstream: key.reveal()})

    def remove(self, upstream: str) -> bool:
        """Forget the key of an upstream; return whether there was one."""
        if upstream not in self._keys(self._text()):
            return False
        self._change(lambda keys: {name: value for name, value in keys.items() if name != upstream})
        return True

    def _change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        for _ in range(ATTEMPTS):
            text = self._text()
            keys = msgspec.json.format(msgspec.json.encode(change(self._keys(text)))).decode() + "\n"
            if len(keys.encode()) > MAX_BYTES:
                raise self._refusal(f"has no room for that: it may have {MAX_BYTES:,} bytes", "Remove others from it.")
            if write_atomic(self.path, text, keys):
                return
        raise self._refusal("changes all the time", "Find what keeps writing to it, then try again.")

    def _keys(self, text: str | None) -> dict[str, Any]:
        try:
            return {} if text is None else msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:  # its words may quote the file
            raise self._refusal(
                'is damaged: it is no JSON object such as {"openrouter": "..."}',
                f"Mend it by hand, for it may hold other keys, or move it away: mv {self._quoted} {self._quoted}.old",
            ) from None

    def _text(self) -> str | None:
        """Return what the file says; None where there is none."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | system.flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"))
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                remedy = f"Remove it: rm {self._quoted}"
                raise self._refusal("is a symbolic link, which could lead anywhere", remedy) from None
            why = (error.strerror or type(error).__name__).lower()
            raise self._refusal(f"cannot be read: {why}", "Make it readable for you.") from None
        with os.fdopen(descriptor, "rb") as file:
            self._check(os.fstat(descriptor))
            data = file.read(MAX_BYTES + 1)
        try:
            return data[:MAX_BYTES].decode()
        except UnicodeDecodeError:
            return "\0"  # damaged, as `_keys` will say

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self._refusal("is no regular file", f"Move it away: mv {self._quoted} {self._quoted}.old")
        if (uid := system.own_uid()) is None:  # Windows, where modes say nothing
            return
        if status.st_uid != uid:
            raise self._refusal(
                f"belongs to another user (uid {status.st_uid})",
                f"Move it away: sudo mv {self._quoted} {self._quoted}.old",
            )
        if status.st_mode & 0o077:
            raise self._refusal(
                f"is open to others (mode {stat.S_IMODE(status.st_mode):o})",
                f"Make it private: chmod 600 {self._quoted}",
            )

    @property
    def _quoted(self) -> str:
        return quoted(str(self.path))

    def _refusal(self, what: str, remedy: str) -> PlokedError:
        return PlokedError(f"The file of keys, {self.path}, {what}.", ErrorData(path=str(self.path), next_step=remedy))
