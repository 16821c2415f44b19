#!/usr/bin/env python3
"""pixhaul and a user's pyarrow in one process, at work at the same time.

    pyarrow_beside.py WHEEL [VERSION…]     an environment for each version of pyarrow, the wheel in it, both orders
    pyarrow_beside.py --here ORDER         one process, as this interpreter finds both; ORDER: pixhaul or pyarrow first
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import threading

VERSIONS = ("26.0.1", "24.0.0", "21.0.0")
ROWS = 4000


def work_here(order):
    """Tables cross, parquet is written and read by both at once, and a wrong library would crash or differ."""
    if order == "pixhaul":
        import pixhaul
        import pyarrow as pa
        import pyarrow.parquet as pq
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        import pixhaul
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/end_to_end"))
    from support import Origin

    with Origin() as origin, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        table = pa.table({"url": origin.images(ROWS), "caption": [f"né {i}" for i in range(ROWS)], "id": range(ROWS)})
        done = threading.Event()
        turns = [0]

        def keep_busy(name):
            while not done.is_set():
                pq.write_table(table, folder / name, compression="zstd")
                assert pq.read_table(folder / name).equals(table)
                assert pa.compute.max(table["id"]).as_py() == ROWS - 1
                turns[0] += 1

        import pyarrow.compute  # noqa: F401

        threads = [threading.Thread(target=keep_busy, args=(f"{i}.parquet",)) for i in range(4)]
        for thread in threads:
            thread.start()
        try:
            summary = pixhaul.download(table, output_folder=folder / "out", output_format="parquet",
                                       caption_col="caption", save_additional_columns=["id"],
                                       number_sample_per_shard=1000, allow_net="127.0.0.0/8", progress="none")
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert summary.images == ROWS, summary
        written = pa.concat_tables(pq.read_table(file) for file in sorted((folder / "out").glob("*.parquet")))
        assert written["caption"].to_pylist() == table["caption"].to_pylist()
        assert written["id"].to_pylist() == list(range(ROWS))
        again = pixhaul.download(folder / "out" / "00001.parquet", output_folder=folder / "again",
                                 allow_net="127.0.0.0/8", progress="none")
        assert again.images == 1000
        with open("/proc/self/maps") as maps:
            loaded = {line.split("/")[-1].strip() for line in maps if "libarrow.so" in line or "private_arrow.so" in line}
        assert len(loaded) == 2, loaded
        print(f"pyarrow {pa.__version__}, {order} first: {sorted(loaded)}, {turns[0]} turns meanwhile")


def in_environments(wheel, versions):
    """Each version in an environment of its own."""
    for version in versions:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            python = f"{folder}/bin/python"
            subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel,
                            f"pyarrow=={version}"], check=True)
            for order in ("pixhaul", "pyarrow"):
                subprocess.run([python, __file__, "--here", order], check=True)


def main():
    """Reads the words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--here", choices=("pixhaul", "pyarrow"))
    parser.add_argument("wheel", nargs="?")
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    arguments = parser.parse_args()
    if arguments.here:
        work_here(arguments.here)
    elif arguments.wheel:
        in_environments(arguments.wheel, arguments.versions or VERSIONS)
    else:
        parser.error("a wheel, or --here")


if __name__ == "__main__":
    main()
