"""`python -m pixhaul.img2dataset.shim DIR`: a folder for PYTHONPATH in which `import img2dataset` is pixhaul's.

Other people's programs then run as they are:

    python -m pixhaul.img2dataset.shim /opt/shim
    PYTHONPATH=/opt/shim python their_pipeline.py
"""

import os
import sys

MODULES = ("blurrer", "distributor", "downloader", "logger", "main", "reader", "resizer", "writer")

_PACKAGE = '''"""pixhaul in img2dataset's place; made by `python -m pixhaul.img2dataset.shim`."""

from img2dataset.main import download, main

__all__ = ["download", "main"]
'''
_MODULE = '''"""pixhaul.img2dataset.{0} under img2dataset's name."""

import sys

import pixhaul.img2dataset.{0}

sys.modules[__name__] = sys.modules["pixhaul.img2dataset.{0}"]
'''
_MAIN = '''"""`python -m img2dataset`."""

from pixhaul.img2dataset.main import main

if __name__ == "__main__":
    main()
'''


def write(folder):
    """Writes the package `img2dataset` into `folder`, made if missing, and returns the package's path."""
    package = os.path.join(folder, "img2dataset")
    os.makedirs(package, exist_ok=True)
    _write(os.path.join(package, "__init__.py"), _PACKAGE)
    _write(os.path.join(package, "__main__.py"), _MAIN)
    for module in MODULES:
        _write(os.path.join(package, module + ".py"), _MODULE.format(module))
    return package


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m pixhaul.img2dataset.shim DIR")
    package = write(sys.argv[1])
    print(f"{package} is written; PYTHONPATH={os.path.dirname(os.path.abspath(package))} puts it in img2dataset's place")


if __name__ == "__main__":
    main()
