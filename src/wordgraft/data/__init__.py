"""Files of other people as Python values: texts, labels and tags."""
