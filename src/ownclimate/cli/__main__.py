"""`python -m ownclimate.cli`."""

from ownclimate.cli import main

main()
