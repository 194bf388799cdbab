"""One file per question; each is a command that prints what it measured. Never shipped."""
