"""Many incidents in one sweep, on plain processes and on a Dask cluster, undisturbed and disturbed in every way."""
