"""What measures."""

import os

# Arithmetic has one core, as in the processes that read pictures: threads that wait for more to do
# would count as its time. What is started here gets nothing of it.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np  # noqa: F401 - it looks at that when it is imported

del os.environ["OPENBLAS_NUM_THREADS"]
