// RUN: tenon-opt %s --tenon-round-attention --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-round-attention=integers --split-input-file | FileCheck %s --check-prefix=I8

#i8 = #tenon.blocks<bits = 8, size = 32>
!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 16, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// CHECK-LABEL: func.func @chunk
// CHECK: tenon.attention causal {{.*}}products = bf16
// I8: tenon.attention causal {{.*}}products = i8
func.func @chunk(%q: tensor<?x6x16xf32>, %c: !kv, %p: tensor<?xi32>, %l: index) -> tensor<?x6x16xf32, #i8> attributes {tenon.max_rows = 256 : i64} {
  %o, %e = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x6x16xf32>, !kv, tensor<?xi32> -> tensor<?x6x16xf32>, tensor<?x6xf32>
  %r = tenon.quantize %o : tensor<?x6x16xf32> -> tensor<?x6x16xf32, #i8>
  return %r : tensor<?x6x16xf32, #i8>
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// Nothing else of the layer is rounded.
// CHECK-LABEL: func.func @floats
// CHECK-NOT: products
// I8-NOT: products
func.func @floats(%q: tensor<?x6x8xf32>, %c: !kv, %p: tensor<?xi32>, %l: index) -> tensor<?x6x8xf32> attributes {tenon.max_rows = 256 : i64} {
  %o, %e = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x6x8xf32>, !kv, tensor<?xi32> -> tensor<?x6x8xf32>, tensor<?x6xf32>
  return %o : tensor<?x6x8xf32>
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// One row reads more than it computes.
// CHECK-LABEL: func.func @step
// CHECK-NOT: products
// I8-NOT: products
func.func @step(%q: tensor<?x6x8xf32>, %c: !kv, %p: tensor<?xi32>, %l: index) -> tensor<?x6x8xf32> attributes {tenon.max_rows = 1 : i64} {
  %o, %e = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x6x8xf32>, !kv, tensor<?xi32> -> tensor<?x6x8xf32>, tensor<?x6xf32>
  return %o : tensor<?x6x8xf32>
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// Neither do rows of sequences of their own.
// CHECK-LABEL: func.func @batch
// CHECK-NOT: products
// I8-NOT: products
func.func @batch(%q: tensor<?x6x8xf32>, %c: !kv, %p: tensor<?xi32>, %l: index) -> tensor<?x6x8xf32> attributes {tenon.max_rows = 8 : i64, tenon.row_sequences} {
  %o, %e = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x6x8xf32>, !kv, tensor<?xi32> -> tensor<?x6x8xf32>, tensor<?x6xf32>
  return %o : tensor<?x6x8xf32>
}
