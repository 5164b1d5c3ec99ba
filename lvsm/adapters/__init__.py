"""Input and output without policy: each module does what it is told and reports what happened."""
