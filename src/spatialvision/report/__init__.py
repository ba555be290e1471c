"""Figures of what a run directory holds. Reads run directories only: no model, no torch."""
