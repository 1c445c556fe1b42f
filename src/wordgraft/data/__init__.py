"""Reads files and checks arguments: texts, labels and tags as Python values."""
