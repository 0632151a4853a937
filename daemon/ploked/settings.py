"""Where things are: paths, upstream and key, from the environment and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import msgspec

from . import paths
from .secret import Secret, openrouter_key


class Settings(msgspec.Struct, frozen=True):
    """Fixed for the life of the process; `status` shows all but the key."""

    config_path: Path
    cache_dir: Path
    """Disposable: the catalog."""
    state_dir: Path
    """Not disposable: the sweep ledger, and what the user picks and likes."""
    upstream_url: str
    keys_path: Path
    environment_key: Secret | None
    """The key that the process was started with, which comes before those of the keyring and of the file."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], home: Path) -> Settings:
        """Return the settings that the environment gives.

        Read are `PLOKED_CONFIG`, `PLOKED_CACHE_DIR`, `PLOKED_OPENROUTER_URL` and `OPENROUTER_API_KEY`; unset ones
        follow the XDG base directories. With `PLOKED_CACHE_DIR` set, the ledger lies there too.
        """
        at = str(home)
        return cls(
            config_path=Path(paths.config_path(environ, at)),
            cache_dir=Path(paths.cache_dir(environ, at)),
            state_dir=Path(paths.state_dir(environ, at)),
            upstream_url=paths.upstream_url(environ),
            keys_path=Path(paths.keys_path(environ, at)),
            environment_key=openrouter_key(environ),
        )

    @property
    def ledger_path(self) -> Path:
        """Return the file of the sweep ledger, which all processes share."""
        return self.state_dir / "sweeps.db"

    @property
    def catalog_path(self) -> Path:
        """Return the file of the catalog: one for each upstream, so that their facts never mix."""
        if self.upstream_url == paths.OPENROUTER:
            return self.cache_dir / "catalog.db"
        digest = blake2b(self.upstream_url.encode(), digest_size=4).hexdigest()
        return self.cache_dir / f"catalog-{digest}.db"
