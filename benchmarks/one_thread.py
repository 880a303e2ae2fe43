"""Imported before NumPy, pins its BLAS to one thread: the variables are read once, when NumPy loads."""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
