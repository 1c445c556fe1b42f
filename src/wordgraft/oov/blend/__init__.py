"""`Blend`: pieces, a character network and neighbours, weighted by a gate for each word."""
