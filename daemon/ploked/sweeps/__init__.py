"""Sweeps: plan a grid of requests, send them, keep every answer."""
