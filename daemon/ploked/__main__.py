"""`python -m ploked` is `ploked`."""

import sys

from .cli import main

sys.exit(main())
