// Bytecode keeps everything, and the file of version 1 is read today as it was
// written then. %golden is regenerated only with a new version, beside the old:
//   tenon-opt test/Dialect/Tenon/ops.mlir --emit-bytecode -o NEW.mlirbc
// RUN: tenon-opt %S/ops.mlir --emit-bytecode -o %t.mlirbc
// RUN: tenon-opt %t.mlirbc -o %t.mlir
// RUN: tenon-opt %S/ops.mlir -o %t.text.mlir
// RUN: diff %t.mlir %t.text.mlir
// RUN: tenon-opt %source/test/Golden/tenon-v1.mlirbc -o %t.golden.mlir
// RUN: diff %t.golden.mlir %t.text.mlir

// A file of a later version is refused by name.
// RUN: %python %S/Inputs/raise_version.py %t.mlirbc %t.newer.mlirbc
// RUN: not tenon-opt %t.newer.mlirbc 2>&1 | FileCheck %s
// CHECK: expected version 1 to 1 of dialect 'tenon', but got 2; compile with a newer Tenon

// Half a file is an error.
// RUN: head -c 900 %t.mlirbc > %t.half.mlirbc
// RUN: not tenon-opt %t.half.mlirbc 2>&1 | FileCheck %s --check-prefix=HALF
// HALF: error:
