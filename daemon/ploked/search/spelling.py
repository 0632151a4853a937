"""rapidfuzz, which measures how alike two spellings are; imported from here alone, and late: start-up pays for imports.

Threads that import a package by several of its modules may each hold what another waits for, and then one import fails.
"""

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

__all__ = ["OSA", "fuzz", "process"]
