

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @order(%c: !kv, %l: index, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> (tensor<?x2x8xf32>, tensor<?x2x8xf32>, !kv) {
  %o0, %s0 = tenon.attention full %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
  %c1 = tenon.cache.append %c[%l], %q, %q, %p : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
  %o1, %s1 = tenon.attention full %q, %c1[%l], %p {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
  return %o0, %o1, %c1 : tensor<?x2x8xf32>, tensor<?x2x8xf32>, !kv
}

