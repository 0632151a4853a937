"""Routing: profile -> constraints -> plan -> request body.

Everything here is a pure function of facts, preferences and the call. No file, socket or clock is touched.
"""

from .curl import as_curl
from .names import BUILT_IN_PROFILE, find_profile, list_profiles
from .plan import plan
from .profile import resolve_profile
from .request import pinned_body, request_body

__all__ = [
    "BUILT_IN_PROFILE",
    "as_curl",
    "find_profile",
    "list_profiles",
    "pinned_body",
    "plan",
    "request_body",
    "resolve_profile",
]
