

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x3x8xf32>, %p: tensor<?xi32>) {
  %o, %s = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x3x8xf32>, !kv, tensor<?xi32> -> tensor<?x3x8xf32>, tensor<?x3xf32>
  return
}


