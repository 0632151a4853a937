"""The query language: what a query says (`split`, `checked`), what it finds (`matching`), in which order (`ordered`).

`Columns` hold the catalog in the form in which it is asked; `complete` offers what may stand at the cursor.
"""

from .check import checked
from .columns import Columns
from .complete import complete
from .evaluate import Verdict, verdict
from .matching import Matching, matching
from .meaning import Context
from .order import head, ordered
from .parse import split
from .terms import ParsedQuery

__all__ = [
    "Columns",
    "Context",
    "Matching",
    "ParsedQuery",
    "Verdict",
    "checked",
    "complete",
    "head",
    "matching",
    "ordered",
    "split",
    "verdict",
]
