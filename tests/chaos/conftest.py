"""The homes and the daemons of the tests of the protocol, for those of chaos."""

from e2e.conftest import home, start, through_daemon, upstream, upstream_of_all

__all__ = ["home", "start", "through_daemon", "upstream", "upstream_of_all"]
