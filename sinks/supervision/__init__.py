"""All receivers of a machine: which workers the settings ask for, and how each is kept running."""
