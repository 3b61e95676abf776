"""Whether an installation works on a machine, and on which of its devices."""
