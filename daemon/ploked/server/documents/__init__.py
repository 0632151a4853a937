"""Documents as an editor holds them: mostly half typed."""
