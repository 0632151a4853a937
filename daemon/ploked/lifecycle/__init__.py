"""How the daemon comes to be, is found, and goes. Modules that `proxy` needs import the standard library only."""
