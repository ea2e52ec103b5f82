"""`python -m nuonuo_memory.cli`: the program `nuonuo`."""

from nuonuo_memory.cli import main

main()
