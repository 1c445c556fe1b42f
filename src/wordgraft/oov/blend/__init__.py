"""`Blend`: pieces, a character network and neighbours, weighted for each word by a gate."""
