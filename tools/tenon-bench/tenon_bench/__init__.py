# ===- __init__.py - measures Tenon and its peers --------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""tenon-bench: Tenon and its peers in turns, beside the machine's limits."""

#: Version of the JSON files; see results.py.
SCHEMA = 1
