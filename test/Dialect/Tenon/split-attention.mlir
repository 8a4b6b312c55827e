// RUN: tenon-opt %s --tenon-split-attention --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-split-attention="units=2" --split-input-file | FileCheck %s --check-prefix=FEW
// RUN: not tenon-opt %s --tenon-split-attention="units=0" --split-input-file 2>&1 | FileCheck %s --check-prefix=UNITS
// UNITS: expected units >= 1, but got 0

!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// 48 units over 3 heads: 16 parts of each. The output alone is merged when
// nothing reads the log-sums.
// CHECK-LABEL: func.func @step
// CHECK: %[[P:.*]]:2 = tenon.kernel "attention"
// CHECK: tenon.attention causal {{.*}}parts = 16 : i64{{.*}} -> tensor<?x6x16x8xf32>, tensor<?x6x16xf32>
// CHECK: %[[M:.*]] = tenon.kernel "merge_parts"(%[[P]]#0, %[[P]]#1) : (tensor<?x6x16x8xf32>, tensor<?x6x16xf32>) -> tensor<?x6x8xf32>
// CHECK: tenon.merge_parts %{{.*}}, %{{.*}} : tensor<?x6x16x8xf32>, tensor<?x6x16xf32> -> tensor<?x6x8xf32>, tensor<?x6xf32>
// CHECK: return %[[M]]

// Enough heads without parts.
// FEW-LABEL: func.func @step
// FEW-NOT: parts
func.func @step(%q: tensor<?x6x8xf32>, %c: !kv, %p: tensor<?xi32>, %l: index) -> tensor<?x6x8xf32> attributes {tenon.max_rows = 1 : i64} {
  %0 = tenon.kernel "attention" (%q, %c, %l, %p) : (tensor<?x6x8xf32>, !kv, index, tensor<?xi32>) -> tensor<?x6x8xf32> {
  ^kernel(%a: tensor<?x6x8xf32>, %b: !kv, %i: index, %s: tensor<?xi32>):
    %o, %e = tenon.attention causal %a, %b[%i], %s {scale = 1.0 : f32} : tensor<?x6x8xf32>, !kv, tensor<?xi32> -> tensor<?x6x8xf32>, tensor<?x6xf32>
    tenon.yield %o : tensor<?x6x8xf32>
  }
  return %0 : tensor<?x6x8xf32>
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// Many rows are enough to share out.
// CHECK-LABEL: func.func @chunk
// CHECK-NOT: parts
func.func @chunk(%q: tensor<?x6x8xf32>, %c: !kv, %p: tensor<?xi32>, %l: index) -> tensor<?x6x8xf32> attributes {tenon.max_rows = 256 : i64} {
  %0 = tenon.kernel "attention" (%q, %c, %l, %p) : (tensor<?x6x8xf32>, !kv, index, tensor<?xi32>) -> tensor<?x6x8xf32> {
  ^kernel(%a: tensor<?x6x8xf32>, %b: !kv, %i: index, %s: tensor<?xi32>):
    %o, %e = tenon.attention causal %a, %b[%i], %s {scale = 1.0 : f32} : tensor<?x6x8xf32>, !kv, tensor<?xi32> -> tensor<?x6x8xf32>, tensor<?x6xf32>
    tenon.yield %o : tensor<?x6x8xf32>
  }
  return %0 : tensor<?x6x8xf32>
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// Many rows of sequences of their own are many single rows.
// CHECK-LABEL: func.func @batch
// CHECK: parts = 16
// CHECK: tenon.merge_parts
func.func @batch(%q: tensor<?x6x8xf32>, %c: !kv, %p: tensor<?xi32>, %l: index) -> tensor<?x6x8xf32> attributes {tenon.max_rows = 8 : i64, tenon.row_sequences} {
  %0 = tenon.kernel "attention" (%q, %c, %l, %p) : (tensor<?x6x8xf32>, !kv, index, tensor<?xi32>) -> tensor<?x6x8xf32> {
  ^kernel(%a: tensor<?x6x8xf32>, %b: !kv, %i: index, %s: tensor<?xi32>):
    %o, %e = tenon.attention causal %a, %b[%i], %s {scale = 1.0 : f32} : tensor<?x6x8xf32>, !kv, tensor<?xi32> -> tensor<?x6x8xf32>, tensor<?x6xf32>
    tenon.yield %o : tensor<?x6x8xf32>
  }
  return %0 : tensor<?x6x8xf32>
}
