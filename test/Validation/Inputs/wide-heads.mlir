// One cache head for five query heads, norms of heads, rotation of a part of a
// head, an output of its own, two stacks.
!kv = !tenon.cache<kv, layers = 3, heads = 1, dim = 16, rope = post, pos = original, k = f32, v = f32, layout = contiguous>
module @wide attributes {
  tenon.model = #tenon.model<family = "qwen3", context_length = 64, vocab = 77>
} {
  tenon.archive @a "not-read.gguf"
  tenon.weight @embd shape [77, 32] of [#tenon.scheme<f16>] = stored @a["token_embd.weight"]
  tenon.weight @attn_norm layers 3 shape [32] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.attn_norm.weight"]
  tenon.weight @q layers 3 shape [80, 32] of [#tenon.scheme<q8_0>] = stored @a["blk.{layer}.attn_q.weight"]
  tenon.weight @k layers 3 shape [16, 32] of [#tenon.scheme<q4_0>] = stored @a["blk.{layer}.attn_k.weight"]
  tenon.weight @v layers 3 shape [16, 32] of [#tenon.scheme<q4_0>] = stored @a["blk.{layer}.attn_v.weight"]
  tenon.weight @q_norm layers 3 shape [16] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.attn_q_norm.weight"]
  tenon.weight @k_norm layers 3 shape [16] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.attn_k_norm.weight"]
  tenon.weight @o layers 3 shape [32, 80] of [#tenon.scheme<bf16>] = stored @a["blk.{layer}.attn_output.weight"]
  tenon.weight @freqs shape [6] of [#tenon.scheme<f32>] = stored @a["rope_freqs.weight"]
  tenon.weight @out shape [77, 32] of [#tenon.scheme<q5_0>] = stored @a["output.weight"]
  func.func @forward(%ids: tensor<?xi32>, %pos: tensor<?xi32>, %rows: tensor<?xi32>, %cache: !kv) -> (tensor<?x77xf32>, !kv) attributes {tenon.entry} {
    %e = tenon.weight.at @embd : !tenon.weight<77x32, [f16]>
    %x = tenon.embedding %ids, %e : tensor<?xi32>, !tenon.weight<77x32, [f16]> -> tensor<?x32xf32>
    %wf = tenon.weight.at @freqs : !tenon.weight<6, [f32]>
    %a = tenon.rope_angles %pos factors %wf : !tenon.weight<6, [f32]> {base = 1.0e6 : f64, dims = 12 : i64, frequency_scale = 0.25 : f64, magnitude = 1.1 : f64} : tensor<?xi32> -> tensor<?x6x2xf32>
    %y0, %c0 = tenon.stack 0 to 2 (%x, %cache) : tensor<?x32xf32>, !kv {
    ^layer(%l: index, %h: tensor<?x32xf32>, %c: !kv):
      %wn = tenon.weight.at @attn_norm[%l] : !tenon.weight<32, [f32]>
      %n = tenon.norm rms %h, %wn {eps = 1.0e-6 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
      %wq = tenon.weight.at @q[%l] : !tenon.weight<80x32, [q8_0]>
      %wk = tenon.weight.at @k[%l] : !tenon.weight<16x32, [q4_0]>
      %wv = tenon.weight.at @v[%l] : !tenon.weight<16x32, [q4_0]>
      %q = tenon.linear %n, %wq : (tensor<?x32xf32>, !tenon.weight<80x32, [q8_0]>) -> tensor<?x5x16xf32>
      %k = tenon.linear %n, %wk : (tensor<?x32xf32>, !tenon.weight<16x32, [q4_0]>) -> tensor<?x1x16xf32>
      %v = tenon.linear %n, %wv : (tensor<?x32xf32>, !tenon.weight<16x32, [q4_0]>) -> tensor<?x1x16xf32>
      %wqn = tenon.weight.at @q_norm[%l] : !tenon.weight<16, [f32]>
      %wkn = tenon.weight.at @k_norm[%l] : !tenon.weight<16, [f32]>
      %qn = tenon.norm rms %q, %wqn {eps = 1.0e-6 : f32} : tensor<?x5x16xf32>, !tenon.weight<16, [f32]>
      %kn = tenon.norm rms %k, %wkn {eps = 1.0e-6 : f32} : tensor<?x1x16xf32>, !tenon.weight<16, [f32]>
      %qr = tenon.rope half_split %qn, %a : tensor<?x5x16xf32>, tensor<?x6x2xf32>
      %kr = tenon.rope half_split %kn, %a : tensor<?x1x16xf32>, tensor<?x6x2xf32>
      %c1 = tenon.cache.append %c[%l], %kr, %v, %pos : tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>, !kv
      %o, %lse = tenon.attention causal %qr, %c1[%l], %pos {scale = 0.25 : f32} : tensor<?x5x16xf32>, !kv, tensor<?xi32> -> tensor<?x5x16xf32>, tensor<?x5xf32>
      %wo = tenon.weight.at @o[%l] : !tenon.weight<32x80, [bf16]>
      %p = tenon.linear %o, %wo : (tensor<?x5x16xf32>, !tenon.weight<32x80, [bf16]>) -> tensor<?x32xf32>
      %h1 = arith.addf %p, %h : tensor<?x32xf32>
      tenon.yield %h1, %c1 : tensor<?x32xf32>, !kv
    }
    // The last layer has no residual.
    %y1, %c2 = tenon.stack 2 to 3 (%y0, %c0) : tensor<?x32xf32>, !kv {
    ^layer(%l: index, %h: tensor<?x32xf32>, %c: !kv):
      %wk = tenon.weight.at @k[%l] : !tenon.weight<16x32, [q4_0]>
      %k = tenon.linear %h, %wk : (tensor<?x32xf32>, !tenon.weight<16x32, [q4_0]>) -> tensor<?x1x16xf32>
      %wq = tenon.weight.at @q[%l] : !tenon.weight<80x32, [q8_0]>
      %q = tenon.linear %h, %wq : (tensor<?x32xf32>, !tenon.weight<80x32, [q8_0]>) -> tensor<?x5x16xf32>
      %c1 = tenon.cache.append %c[%l], %k, %k, %pos : tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>, !kv
      %o, %lse = tenon.attention causal %q, %c1[%l], %pos {scale = 0.25 : f32} : tensor<?x5x16xf32>, !kv, tensor<?xi32> -> tensor<?x5x16xf32>, tensor<?x5xf32>
      %wo = tenon.weight.at @o[%l] : !tenon.weight<32x80, [bf16]>
      %p = tenon.linear %o, %wo : (tensor<?x5x16xf32>, !tenon.weight<32x80, [bf16]>) -> tensor<?x32xf32>
      tenon.yield %p, %c1 : tensor<?x32xf32>, !kv
    }
    %r = tenon.rows %y1, %rows : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    %wout = tenon.weight.at @out : !tenon.weight<77x32, [q5_0]>
    %z = tenon.linear %r, %wout : (tensor<?x32xf32>, !tenon.weight<77x32, [q5_0]>) -> tensor<?x77xf32>
    return %z, %c2 : tensor<?x77xf32>, !kv
  }
}
