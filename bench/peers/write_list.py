"""Writes a list of URLs as parquet with one column `url`: python write_list.py LIST.txt LIST.parquet."""

import sys

import pyarrow
from pyarrow import parquet

with open(sys.argv[1], encoding="ascii") as lines:
    urls = [line.strip() for line in lines]
parquet.write_table(pyarrow.table({"url": urls}), sys.argv[2])
