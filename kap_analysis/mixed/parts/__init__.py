"""Data in parts: a folder of Parquet or a Dask DataFrame, of which never more than a part is in memory."""
