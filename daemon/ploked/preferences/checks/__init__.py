"""What can be wrong in preferences that fit: one file for each kind of thing that is held against the facts."""
