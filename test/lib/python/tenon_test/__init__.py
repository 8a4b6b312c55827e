# ===- __init__.py - what the Python tests share ---------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Oracle, model writer and runners of the Python tests.

Nothing here imports, calls or reads the compiler's own code: the oracle is a
second opinion, so it has its own idea of every format and every architecture.
"""
