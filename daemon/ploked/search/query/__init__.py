"""The query language: parse, evaluate, sort, complete."""
