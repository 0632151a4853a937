"""Finds the key of an upstream: in the environment, else in the keyring, else in the file of keys."""

from __future__ import annotations

import msgspec
from ploked_protocol.errors import ErrorData, PlokedError
from ploked_protocol.queries import KeySource

from ..secret import Secret, make_ready
from . import ring
from .file import KeyFile

OPENROUTER = "openrouter"
VARIABLES = {OPENROUTER: "OPENROUTER_API_KEY"}
"""Upstreams that take a key -> the variable that may hold it."""


class Found(msgspec.Struct, frozen=True):
    """A key and where it is from; without one, what was wrong with the places it could be in."""

    key: Secret | None = None
    source: KeySource | None = None
    problem: str | None = None


class KeyStore:
    """The places of one upstream's key, in their order. The environment is that of the start; the others can change."""

    def __init__(self, environment: Secret | None, file: KeyFile, upstream: str = OPENROUTER) -> None:
        self.file = file
        self._environment = environment
        self.upstream = upstream
        self._ring = ring.RingAnswer()

    def find(self) -> Found:
        """Return the key as its source has it now. Call it in a thread: the keyring may wait for its user."""
        if self._environment is None:
            self._ring = ring.ask(self.upstream)
        found = self.glance()
        make_ready()  # before an upstream is told the key
        return found

    def keep(self, key: Secret) -> None:
        """Put `key` into the file unless another one is there; raises PlokedError."""
        held = self.file.get(self.upstream)
        if held is not None and held.reveal() != key.reveal():
            raise PlokedError(
                f"{self.file.path} holds another key, which stays.",
                ErrorData(
                    next_step=f"Remove the one that you do not need: run `ploked keys set {self.upstream}` to replace "
                    "the stored key, and delete the line by hand."
                ),
            )
        if held is None:
            self.file.set(self.upstream, key)

    def glance(self) -> Found:
        """Return the same at once, with the keyring as it was when it was asked last."""
        if self._environment is not None:
            return Found(self._environment, "environment")
        if self._ring.key is not None:
            return Found(self._ring.key, "keyring")
        try:
            key = self.file.get(self.upstream)
        except PlokedError as error:
            return Found(problem=f"{error.message} {error.data.next_step}")
        if key is not None:
            return Found(key, "file")
        return Found(problem=f"The keyring: {self._ring.nothing}." if self._ring.trouble else None)
