"""The records and the method table that `ploked` and its clients share.

Depends on msgspec alone, so that a script can import it without the daemon. `methods` is the
one table of custom methods; every other module holds the records that the table names.
"""

PROTOCOL_VERSION = "0.1"
