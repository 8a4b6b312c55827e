// RUN: tenon-opt %s --tenon-make-entries=chunk-rows=64 --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: func.func @chunk
// CHECK-SAME: tenon.max_rows = 64
// CHECK: func.func @step
// CHECK-SAME: tenon.max_rows = 1
// CHECK: func.func @batch
// CHECK-SAME: tenon.max_rows = 8 : i64, tenon.row_sequences
// CHECK-NOT: @forward
func.func @forward(%ids: tensor<?xi32>) -> tensor<?xi32> attributes {tenon.entry} {
  return %ids : tensor<?xi32>
}

// -----

// expected-error @+1 {{expected one entry, but got 0}}
module {
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?xi32> {
    return %ids : tensor<?xi32>
  }
}
