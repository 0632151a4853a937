"""API keys: in the environment, the system's keyring or a file of the user's alone; never in config.toml."""
