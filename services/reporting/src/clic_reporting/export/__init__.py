"""Exports for machines: the log as Parquet files, the indicators and the rows of the views in pages over HTTP."""
