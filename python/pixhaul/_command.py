"""The command `pixhaul` of an installed package."""

import os
import sys


def main():
    """Becomes the command, which lies beside this file."""
    command = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pixhaul")
    os.execv(command, ["pixhaul", *sys.argv[1:]])


if __name__ == "__main__":
    main()
