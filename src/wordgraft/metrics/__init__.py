"""Scores of predictions, their intervals, and what a fine-tuned encoder forgot."""
