"""`python -m wire.server [--broken] [--dawdling]`: the session core on stdio over the fake service, as served."""

import os
import sys

from ploked import logs
from ploked.server import stdio
from wire.fake_service import FakeService, features

logs.configure(os.environ)
stdio.serve(lambda: FakeService(starts="--broken" not in sys.argv, closes="--dawdling" not in sys.argv), [features])
