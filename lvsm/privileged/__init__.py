"""The root half: a closed set of typed verbs, each validated again, and nothing else."""
