// A kernel of each stored format, attention and a gate, with rows as long as
// those of real models. FLOAT and INTEGER are replaced by the formats.
!kv = !tenon.cache<kv, layers = 1, heads = 4, dim = 64, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
!x = tensor<?x1024xf32>
!q = tensor<?x16x64xf32>
!k = tensor<?x4x64xf32>
module @formats attributes {tenon.model = #tenon.model<family = "llama", context_length = 512, vocab = 64>} {
  tenon.archive @a "synthetic:1"
  tenon.weight @embd shape [64, 1024] of [#tenon.scheme<f16>] = stored @a["embd"]
  tenon.weight @norm shape [1024] of [#tenon.scheme<f32>] = stored @a["norm"]
  tenon.weight @key shape [256, 1024] of [#tenon.scheme<q4_0>] = stored @a["key"]
  tenon.weight @ffn_gate shape [1024, 1024] of [#tenon.scheme<q4_0>] = stored @a["ffn_gate"]
  tenon.weight @ffn_up shape [1024, 1024] of [#tenon.scheme<q4_0>] = stored @a["ffn_up"]
  tenon.weight @FLOAT
  tenon.weight @INTEGER
  func.func @forward(%ids: tensor<?xi32>, %pos: tensor<?xi32>, %out: tensor<?xi32>, %c: !kv) -> (tensor<?x64xf32>, !kv) attributes {tenon.entry} {
    %we = tenon.weight.at @embd : !tenon.weight<64x1024, [f16]>
    %wn = tenon.weight.at @norm : !tenon.weight<1024, [f32]>
    %wk = tenon.weight.at @key : !tenon.weight<256x1024, [q4_0]>
    %wg = tenon.weight.at @ffn_gate : !tenon.weight<1024x1024, [q4_0]>
    %wu = tenon.weight.at @ffn_up : !tenon.weight<1024x1024, [q4_0]>
    %x = tenon.embedding %ids, %we : tensor<?xi32>, !tenon.weight<64x1024, [f16]> -> !x
    %angles = tenon.rope_angles %pos {base = 1.0e4 : f64, dims = 64 : i64} : tensor<?xi32> -> tensor<?x32x2xf32>
    %y, %c1 = tenon.stack 0 to 1 (%x, %c) : !x, !kv {
    ^layer(%l: index, %h: !x, %kv: !kv):
      %n = tenon.norm rms %h, %wn {eps = 1.0e-5 : f32} : !x, !tenon.weight<1024, [f32]>
      %q = tenon.linear %n, %wg : (!x, !tenon.weight<1024x1024, [q4_0]>) -> !q
      %k = tenon.linear %n, %wk : (!x, !tenon.weight<256x1024, [q4_0]>) -> !k
      %qr = tenon.rope interleaved %q, %angles : !q, tensor<?x32x2xf32>
      %kr = tenon.rope interleaved %k, %angles : !k, tensor<?x32x2xf32>
      %kv1 = tenon.cache.append %kv[%l], %kr, %k, %pos : !k, !k, tensor<?xi32>, !kv
      %o, %lse = tenon.attention causal %qr, %kv1[%l], %pos {scale = 0.125 : f32} : !q, !kv, tensor<?xi32> -> !q, tensor<?x16xf32>
      %a = tenon.linear %o, %wu : (!q, !tenon.weight<1024x1024, [q4_0]>) -> !x
      %m = tenon.norm rms %a, %wn {eps = 1.0e-5 : f32} : !x, !tenon.weight<1024, [f32]>
      %g = tenon.linear %m, %wg : (!x, !tenon.weight<1024x1024, [q4_0]>) -> !x
      %u = tenon.linear %m, %wu : (!x, !tenon.weight<1024x1024, [q4_0]>) -> !x
      %f = tenon.gate silu %g, %u : !x
      %t = tenon.linear %f, %wu : (!x, !tenon.weight<1024x1024, [q4_0]>) -> !x
      tenon.yield %t, %kv1 : !x, !kv
    }
    %z = tenon.stack 0 to 3 (%y) : !x {
    ^layer(%l: index, %h: !x):
      %w = tenon.weight.at @float[%l] : !tenon.weight<1024x1024, [FLOAT_FORMATS]>
      %b = tenon.norm rms %h, %wn {eps = 1.0e-5 : f32} : !x, !tenon.weight<1024, [f32]>
      %d = tenon.linear %b, %w : (!x, !tenon.weight<1024x1024, [FLOAT_FORMATS]>) -> !x
      tenon.yield %d : !x
    }
    %zz = tenon.stack 0 to 7 (%z) : !x {
    ^layer(%l: index, %h: !x):
      %w = tenon.weight.at @integer[%l] : !tenon.weight<1024x1024, [INTEGER_FORMATS]>
      %b = tenon.norm rms %h, %wn {eps = 1.0e-5 : f32} : !x, !tenon.weight<1024, [f32]>
      %d = tenon.linear %b, %w : (!x, !tenon.weight<1024x1024, [INTEGER_FORMATS]>) -> !x
      tenon.yield %d : !x
    }
    %r = tenon.rows %zz, %out : !x, tensor<?xi32> -> !x
    %s = tenon.norm rms %r, %wn {eps = 1.0e-5 : f32} : !x, !tenon.weight<1024, [f32]>
    %logits = tenon.linear %s, %we : (!x, !tenon.weight<64x1024, [f16]>) -> tensor<?x64xf32>
    return %logits, %c1 : tensor<?x64xf32>, !kv
  }
}
