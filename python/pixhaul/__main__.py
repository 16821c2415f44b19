"""python -m pixhaul: the command."""

from ._command import main

main()
