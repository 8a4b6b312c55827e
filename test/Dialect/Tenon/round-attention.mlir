// RUN: tenon-opt %s --tenon-round-attention --split-input-file | FileCheck %s
// RUN: tenon-opt %s --tenon-round-attention=integers --split-input-file | FileCheck %s --check-prefix=I8

#i8 = #tenon.blocks<bits = 8, size = 32>
!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 16, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// CHECK-LABEL: func.func @chunk
// I8-LABEL: func.func @chunk
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
// I8-LABEL: func.func @floats
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
// I8-LABEL: func.func @step
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
// I8-LABEL: func.func @batch
// CHECK-NOT: products
// I8-NOT: products
func.func @batch(%q: tensor<?x6x8xf32>, %c: !kv, %p: tensor<?xi32>, %l: index) -> tensor<?x6x8xf32> attributes {tenon.max_rows = 8 : i64, tenon.row_sequences} {
  %o, %e = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x6x8xf32>, !kv, tensor<?xi32> -> tensor<?x6x8xf32>, tensor<?x6xf32>
  return %o : tensor<?x6x8xf32>
}

// -----

#i8 = #tenon.blocks<bits = 8, size = 32>
!kv = !tenon.cache<kv, layers = 1, heads = 3, dim = 16, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// What is rounded behind the layers does not count, in a kernel of the layer it
// does.
// CHECK-LABEL: func.func @layers
// I8-LABEL: func.func @layers
// CHECK: tenon.attention
// CHECK-NOT: products
// CHECK: tenon.stack
// CHECK: tenon.attention causal {{.*}}products = bf16
// I8-COUNT-1: products = i8
// I8-NOT: products
func.func @layers(%q: tensor<?x6x16xf32>, %c: !kv, %p: tensor<?xi32>) -> tensor<?x6x16xf32, #i8> attributes {tenon.max_rows = 256 : i64} {
  %x = tenon.stack 0 to 1 (%q) : tensor<?x6x16xf32> {
  ^layer(%l: index, %h: tensor<?x6x16xf32>):
    %o, %e = tenon.attention causal %h, %c[%l], %p {scale = 1.0 : f32} : tensor<?x6x16xf32>, !kv, tensor<?xi32> -> tensor<?x6x16xf32>, tensor<?x6xf32>
    tenon.yield %o : tensor<?x6x16xf32>
  }
  %y = tenon.stack 0 to 1 (%x) : tensor<?x6x16xf32> {
  ^layer(%l: index, %h: tensor<?x6x16xf32>):
    %o, %e = tenon.attention causal %h, %c[%l], %p {scale = 1.0 : f32} : tensor<?x6x16xf32>, !kv, tensor<?xi32> -> tensor<?x6x16xf32>, tensor<?x6xf32>
    %k = tenon.kernel "quantize" (%o) : (tensor<?x6x16xf32>) -> tensor<?x6x16xf32, #i8> {
    ^kernel(%r: tensor<?x6x16xf32>):
      %i = tenon.quantize %r : tensor<?x6x16xf32> -> tensor<?x6x16xf32, #i8>
      tenon.yield %i : tensor<?x6x16xf32, #i8>
    }
    tenon.yield %o : tensor<?x6x16xf32>
  }
  %z = tenon.quantize %y : tensor<?x6x16xf32> -> tensor<?x6x16xf32, #i8>
  return %z : tensor<?x6x16xf32, #i8>
}
