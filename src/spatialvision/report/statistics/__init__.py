"""Is a difference real? Pure functions on arrays: intervals, tests, and a correction for many of them."""
