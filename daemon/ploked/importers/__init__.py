"""Importers: the only code that knows how an upstream spells its facts."""
