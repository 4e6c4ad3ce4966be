"""`python -m andiron`."""

from andiron.cli import main

main()
