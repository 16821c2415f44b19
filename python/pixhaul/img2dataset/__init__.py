"""img2dataset's parameters, folder layout and texts over pixhaul's engine.

    from pixhaul.img2dataset import download
    download("urls.txt", image_size=256, output_folder="images")

docs/img2dataset.md says what is the same and what differs. Where other programs say `import img2dataset`,
`python -m pixhaul.img2dataset.shim DIR` makes a folder for PYTHONPATH in which that name is this package.
"""

from .main import download, main

__all__ = ["download", "main"]
