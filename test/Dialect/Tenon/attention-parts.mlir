// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --emit-bytecode | tenon-opt | FileCheck %s

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

// CHECK-LABEL: func.func @parts
func.func @parts(%q: tensor<?x4x8xf32>, %c: !kv, %l: index, %p: tensor<?xi32>) -> (tensor<?x4x8xf32>, tensor<?x4xf32>) {
  // CHECK: tenon.attention causal {{.*}}parts = 3 : i64{{.*}} -> tensor<?x4x3x8xf32>, tensor<?x4x3xf32>
  %po, %pl = tenon.attention causal %q, %c[%l], %p {parts = 3 : i64, scale = 0.25 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x3x8xf32>, tensor<?x4x3xf32>
  // CHECK: tenon.merge_parts %{{.*}}, %{{.*}} : tensor<?x4x3x8xf32>, tensor<?x4x3xf32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  %o, %s = tenon.merge_parts %po, %pl : tensor<?x4x3x8xf32>, tensor<?x4x3xf32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return %o, %s : tensor<?x4x8xf32>, tensor<?x4xf32>
}
