# ===- __main__.py - python -m tenon_bench ---------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""The entry of the launcher `tenon-bench`."""

import sys

from .cli import main

sys.exit(main())
