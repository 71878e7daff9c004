"""For all tests of the toybox."""

import os

os.environ.setdefault("NUMBA_NUM_THREADS", "1")  # its threads, once begun, slow torch's down tenfold
