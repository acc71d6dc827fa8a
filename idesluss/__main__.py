"""`python -m idesluss`: the same as the command `idesluss`."""

from idesluss.cli import main

main()
