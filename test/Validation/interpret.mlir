// RUN: not tenon-opt %S/Inputs/model.mlir --tenon-interpret=ids=1 -o /dev/null 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: 'tenon.archive' op {{.*}}not-read.gguf

// RUN: sed 's/not-read.gguf" {.*}/synthetic:5"/' %S/Inputs/model.mlir > %t.mlir
// RUN: tenon-opt %t.mlir '--tenon-interpret=ids=3,1,4,1,5 rows=4,0' -o /dev/null 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: remark: row 0: element [[LAST:[0-9]+]] is the largest
// ROWS: remark: row 1: element {{[0-9]+}} is the largest
// ROWS-NOT: remark: row 2

// A file of float64, the same in pieces of rows.
// RUN: tenon-opt %t.mlir '--tenon-interpret=ids=3,1,4,1,5 output=%t.all.npy' -o /dev/null
// RUN: tenon-opt %t.mlir '--tenon-interpret=ids=3,1,4,1,5 rows=4,0 output=%t.two.npy' -o /dev/null
// RUN: %python -c "import numpy as np, sys; a, b = map(np.load, sys.argv[1:]); assert a.shape == (5, 96) and a.dtype == np.float64 and (a[[4, 0]] == b).all()" %t.all.npy %t.two.npy

// RUN: not tenon-opt %t.mlir --tenon-interpret -o /dev/null 2>&1 | FileCheck %s --check-prefix=IDS
// IDS: error: expected token ids, as in 'ids=1,2,3'
// RUN: not tenon-opt %t.mlir --tenon-interpret=ids=96 -o /dev/null 2>&1 | FileCheck %s --check-prefix=RANGE
// RANGE: error: 'tenon.embedding' op expected ids below 96, but got 96
// RUN: not tenon-opt %t.mlir '--tenon-interpret=ids=1,2 positions=1' -o /dev/null 2>&1 | FileCheck %s --check-prefix=POSITIONS
// POSITIONS: error: expected 2 positions, but got 1
// RUN: not tenon-opt %t.mlir '--tenon-interpret=ids=1 entry=chunk' -o /dev/null 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: error: expected an entry named 'chunk' or a single entry, but got 1 entries
// RUN: not tenon-opt %t.mlir '--tenon-interpret=ids=1 output=%t.missing/x.npy' -o /dev/null 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: error: expected a file that can be written, but got {{.*}}x.npy
