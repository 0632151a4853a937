"""Where things are: paths, upstream and key, from the environment and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import msgspec

from .secret import Secret, openrouter_key

OPENROUTER = "https://openrouter.ai/api/v1"


class Settings(msgspec.Struct, frozen=True):
    """Fixed for the life of the process; `status` shows all but the key."""

    config_path: Path
    cache_dir: Path
    """Disposable: the catalog."""
    state_dir: Path
    """Not disposable: the sweep ledger, and what the user picks and likes."""
    upstream_url: str
    key: Secret | None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], home: Path) -> Settings:
        """Return the settings that the environment gives.

        Read are `PLOKED_CONFIG`, `PLOKED_CACHE_DIR`, `PLOKED_OPENROUTER_URL` and `OPENROUTER_API_KEY`; unset ones
        follow the XDG base directories. With `PLOKED_CACHE_DIR` set, the ledger lies there too.
        """
        config = environ.get("PLOKED_CONFIG")
        cache = environ.get("PLOKED_CACHE_DIR")
        xdg_cache = _folder(environ, "XDG_CACHE_HOME", home / ".cache") / "ploked"
        xdg_state = _folder(environ, "XDG_STATE_HOME", home / ".local/state") / "ploked"
        xdg_config = _folder(environ, "XDG_CONFIG_HOME", home / ".config") / "ploke/config.toml"
        return cls(
            config_path=Path(config).expanduser().absolute() if config else xdg_config,
            cache_dir=Path(cache).expanduser().absolute() if cache else xdg_cache,
            state_dir=Path(cache).expanduser().absolute() if cache else xdg_state,
            upstream_url=(environ.get("PLOKED_OPENROUTER_URL") or OPENROUTER).rstrip("/"),
            key=openrouter_key(environ),
        )

    @property
    def catalog_path(self) -> Path:
        """Return the file of the catalog: one for each upstream, so that their facts never mix."""
        if self.upstream_url == OPENROUTER:
            return self.cache_dir / "catalog.db"
        digest = blake2b(self.upstream_url.encode(), digest_size=4).hexdigest()
        return self.cache_dir / f"catalog-{digest}.db"


def _folder(environ: Mapping[str, str], name: str, default: Path) -> Path:
    """Return an XDG folder; a relative one is ignored, as the specification asks."""
    value = environ.get(name, "")
    return Path(value) if Path(value).is_absolute() else default
