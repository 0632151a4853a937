"""Where facts rest between sessions. The cache is disposable; the sweep ledger is not and lives elsewhere."""
