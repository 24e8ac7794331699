"""Writes the files of packages/model/src/data/goldens as pandas and pyarrow (which is how datasets does it) write them.

Run in an environment of its own: pip install pyarrow==26.0.1 pandas==3.1.1
"""
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

out = Path(sys.argv[1] if len(sys.argv) > 1 else "packages/model/src/data/goldens")
out.mkdir(parents=True, exist_ok=True)

triplets = pd.DataFrame(
    {
        "anchor": ['a "red" boat', "ein grünes Boot", "船, 白い", "a kite"],
        "positive": ["the boat is red", "das Boot ist grün", "白い船", "line one\nline two"],
        "negative": ["a blue boat", None, "a; b", "a lamp"],
        "id": [1, 2, 3, 4],
        "source": pd.Categorical(["x", "y", "x", "x"]),
    }
)
for compression in ["snappy", "zstd", "gzip", "brotli", "lz4", None]:
    triplets.to_parquet(out / f"pandas-{compression or 'none'}.parquet", compression=compression)
triplets.to_csv(out / "pandas.csv", index=False)
triplets.to_csv(out / "pandas-semicolon.csv", index=False, sep=";")
triplets.to_json(out / "pandas-records.json", orient="records")
triplets.to_json(out / "pandas-lines.jsonl.gz", orient="records", lines=True, compression="gzip", mode="w")

# As datasets writes: large strings, lists, small groups of rows, without a dictionary and with data pages of version 2.
lists = pa.table(
    {
        "query": pa.array([f"query {i}" for i in range(25)], pa.large_string()),
        "pos": pa.array([[f"positive {i}"] for i in range(25)], pa.list_(pa.string())),
        "neg": pa.array([[f"negative {i}", None] if i % 3 else None for i in range(25)], pa.large_list(pa.string())),
        "score": pa.array([0.5 * i for i in range(25)], pa.float32()),
    }
)
pq.write_table(lists, out / "lists.parquet", row_group_size=10, compression="zstd")
pq.write_table(lists, out / "lists-v2.parquet", use_dictionary=False, data_page_version="2.0", compression="snappy")

sts = pd.DataFrame({"sentence1": ["a boat", "a kite"], "sentence2": ["a ship", "a lamp"], "label": [4.0, 0.5]})
sts["label"] = sts["label"].astype("float32")
sts.to_parquet(out / "sts.parquet")
pd.DataFrame({"text": ["one", "two"]}).to_parquet(out / "texts.parquet")
