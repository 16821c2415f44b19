"""Makes a dataset with Daft: python daft_client.py LIST.parquet CONNECTIONS FOLDER (resize | originals).

Prints how many images were written. Daft stretches to 256 × 256 (it has no border mode), encodes JPEG at its own quality,
and takes no sha256 and no EXIF: less work than the others do.
"""

import sys

import daft
from daft import col
from daft.functions import decode_image, download, encode_image, resize


def main() -> None:
    """Reads the list, downloads, and writes parquet with one binary column."""
    urls, connections, folder, mode = sys.argv[1:5]
    rows = daft.read_parquet(urls)
    rows = rows.with_column("jpg", download(col("url"), max_connections=int(connections), on_error="null"))
    if mode == "resize":
        picture = resize(decode_image(col("jpg"), on_error="null"), 256, 256)
        rows = rows.with_column("jpg", encode_image(picture, "jpeg"))
    rows.write_parquet(folder)
    written = daft.read_parquet(f"{folder}/*.parquet")
    print(written.where(col("jpg").not_null()).count_rows())


main()
