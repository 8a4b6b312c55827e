# ===- conftest.py - where the shared modules are --------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Makes `tenon_test` importable from every test below this folder.

NumPy's threads wait in loops, which costs more than they bring when tests run
side by side; so one is enough. To be said before NumPy is loaded.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib" / "python"))
