"""Print what the service makes of every kind, as a table: see the package."""

from .table import main

main()
