// A model of four layers with biases and formats mixed by layer.
!kv = !tenon.cache<kv, layers = 4, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module @model attributes {
  tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>
} {
  tenon.archive @a "not-read.gguf" {fingerprint = "00ff"}
  tenon.weight @embd shape [96, 32] of [#tenon.scheme<q8_0>] = stored @a["token_embd.weight"]
  tenon.weight @attn_norm layers 4 shape [32] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.attn_norm.weight"]
  tenon.weight @q layers 4 shape [32, 32] of [#tenon.scheme<q4_1>] = stored @a["blk.{layer}.attn_q.weight"]
  tenon.weight @qb layers 4 shape [32] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.attn_q.bias"]
  tenon.weight @k layers 4 shape [16, 32] of [#tenon.scheme<f16>] = stored @a["blk.{layer}.attn_k.weight"]
  tenon.weight @v layers 4 shape [16, 32] of [#tenon.scheme<q5_0>, #tenon.scheme<q8_0>] by [0, 1, 1, 0] = stored @a["blk.{layer}.attn_v.weight"]
  tenon.weight @o layers 4 shape [32, 32] of [#tenon.scheme<q4_0>] = stored @a["blk.{layer}.attn_output.weight"]
  tenon.weight @ffn_norm layers 4 shape [32] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.ffn_norm.weight"]
  tenon.weight @gate layers 4 shape [64, 32] of [#tenon.scheme<iq4_nl>] = stored @a["blk.{layer}.ffn_gate.weight"]
  tenon.weight @up layers 4 shape [64, 32] of [#tenon.scheme<q5_1>] = stored @a["blk.{layer}.ffn_up.weight"]
  tenon.weight @down layers 4 shape [32, 64] of [#tenon.scheme<bf16>] = stored @a["blk.{layer}.ffn_down.weight"]
  tenon.weight @out_norm shape [32] of [#tenon.scheme<f32>] = stored @a["output_norm.weight"]
  func.func @forward(%ids: tensor<?xi32>, %pos: tensor<?xi32>, %rows: tensor<?xi32>, %cache: !kv) -> (tensor<?x96xf32>, !kv) attributes {tenon.entry} {
    %e = tenon.weight.at @embd : !tenon.weight<96x32, [q8_0]>
    %x = tenon.embedding %ids, %e : tensor<?xi32>, !tenon.weight<96x32, [q8_0]> -> tensor<?x32xf32>
    %a = tenon.rope_angles %pos {base = 1.0e4 : f64, dims = 8 : i64} : tensor<?xi32> -> tensor<?x4x2xf32>
    %y, %c = tenon.stack 0 to 4 (%x, %cache) : tensor<?x32xf32>, !kv {
    ^layer(%l: index, %h: tensor<?x32xf32>, %c0: !kv):
      %wn = tenon.weight.at @attn_norm[%l] : !tenon.weight<32, [f32]>
      %n = tenon.norm rms %h, %wn {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
      %wq = tenon.weight.at @q[%l] : !tenon.weight<32x32, [q4_1]>
      %bq = tenon.weight.at @qb[%l] : !tenon.weight<32, [f32]>
      %wk = tenon.weight.at @k[%l] : !tenon.weight<16x32, [f16]>
      %wv = tenon.weight.at @v[%l] : !tenon.weight<16x32, [q5_0, q8_0]>
      %q = tenon.linear %n, %wq bias %bq : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_1]>, !tenon.weight<32, [f32]>) -> tensor<?x4x8xf32>
      %k = tenon.linear %n, %wk : (tensor<?x32xf32>, !tenon.weight<16x32, [f16]>) -> tensor<?x2x8xf32>
      %v = tenon.linear %n, %wv : (tensor<?x32xf32>, !tenon.weight<16x32, [q5_0, q8_0]>) -> tensor<?x2x8xf32>
      %qr = tenon.rope interleaved %q, %a : tensor<?x4x8xf32>, tensor<?x4x2xf32>
      %kr = tenon.rope interleaved %k, %a : tensor<?x2x8xf32>, tensor<?x4x2xf32>
      %c1 = tenon.cache.append %c0[%l], %kr, %v, %pos : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
      %o, %lse = tenon.attention causal %qr, %c1[%l], %pos {scale = 0.35355339 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
      %wo = tenon.weight.at @o[%l] : !tenon.weight<32x32, [q4_0]>
      %p = tenon.linear %o, %wo : (tensor<?x4x8xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
      %h1 = arith.addf %h, %p : tensor<?x32xf32>
      %wm = tenon.weight.at @ffn_norm[%l] : !tenon.weight<32, [f32]>
      %m = tenon.norm rms %h1, %wm {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
      %wg = tenon.weight.at @gate[%l] : !tenon.weight<64x32, [iq4_nl]>
      %wu = tenon.weight.at @up[%l] : !tenon.weight<64x32, [q5_1]>
      %wd = tenon.weight.at @down[%l] : !tenon.weight<32x64, [bf16]>
      %g = tenon.linear %m, %wg : (tensor<?x32xf32>, !tenon.weight<64x32, [iq4_nl]>) -> tensor<?x64xf32>
      %u = tenon.linear %m, %wu : (tensor<?x32xf32>, !tenon.weight<64x32, [q5_1]>) -> tensor<?x64xf32>
      %f = tenon.gate silu %g, %u : tensor<?x64xf32>
      %d = tenon.linear %f, %wd : (tensor<?x64xf32>, !tenon.weight<32x64, [bf16]>) -> tensor<?x32xf32>
      %h2 = arith.addf %h1, %d : tensor<?x32xf32>
      tenon.yield %h2, %c1 : tensor<?x32xf32>, !kv
    }
    %r = tenon.rows %y, %rows : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    %won = tenon.weight.at @out_norm : !tenon.weight<32, [f32]>
    %rn = tenon.norm rms %r, %won {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
    %z = tenon.linear %rn, %e : (tensor<?x32xf32>, !tenon.weight<96x32, [q8_0]>) -> tensor<?x96xf32>
    return %z, %c : tensor<?x96xf32>, !kv
  }
}
