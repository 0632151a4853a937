"""ploked: a warm catalog of language models behind a language server. `README.md` one folder up is the map."""

__version__ = "0.1.0"
