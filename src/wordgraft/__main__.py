"""`python -m wordgraft`, which `accelerate launch -m wordgraft` starts in several processes."""

from wordgraft.cli import main

main()
