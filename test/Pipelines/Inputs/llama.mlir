// A Llama with two layers over synthetic weights; attn_v differs by layer.
!kv = !tenon.cache<kv, layers = 2, heads = 1, dim = 32, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module @llama attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 50>} {
  tenon.archive @archive "synthetic:7"
  tenon.weight @token_embd shape [50, 64] of [#tenon.scheme<q8_0>] = stored @archive["token_embd.weight"]
  tenon.weight @attn_norm layers 2 shape [64] of [#tenon.scheme<f32>] = stored @archive["blk.{layer}.attn_norm.weight"]
  tenon.weight @attn_q layers 2 shape [64, 64] of [#tenon.scheme<q4_1>] = stored @archive["blk.{layer}.attn_q.weight"]
  tenon.weight @attn_k layers 2 shape [32, 64] of [#tenon.scheme<q4_1>] = stored @archive["blk.{layer}.attn_k.weight"]
  tenon.weight @attn_v layers 2 shape [32, 64] of [#tenon.scheme<q4_1>, #tenon.scheme<q8_0>] by [0, 1] = stored @archive["blk.{layer}.attn_v.weight"]
  tenon.weight @attn_output layers 2 shape [64, 64] of [#tenon.scheme<q4_1>] = stored @archive["blk.{layer}.attn_output.weight"]
  tenon.weight @ffn_norm layers 2 shape [64] of [#tenon.scheme<f32>] = stored @archive["blk.{layer}.ffn_norm.weight"]
  tenon.weight @ffn_gate layers 2 shape [96, 64] of [#tenon.scheme<q4_1>] = stored @archive["blk.{layer}.ffn_gate.weight"]
  tenon.weight @ffn_up layers 2 shape [96, 64] of [#tenon.scheme<q4_1>] = stored @archive["blk.{layer}.ffn_up.weight"]
  tenon.weight @ffn_down layers 2 shape [64, 96] of [#tenon.scheme<q4_1>] = stored @archive["blk.{layer}.ffn_down.weight"]
  tenon.weight @output_norm shape [64] of [#tenon.scheme<f32>] = stored @archive["output_norm.weight"]
  func.func @forward(%ids: tensor<?xi32>, %pos: tensor<?xi32>, %out: tensor<?xi32>, %cache: !kv) -> (tensor<?x50xf32>, !kv) attributes {tenon.entry} {
    %we = tenon.weight.at @token_embd : !tenon.weight<50x64, [q8_0]>
    %x0 = tenon.embedding %ids, %we : tensor<?xi32>, !tenon.weight<50x64, [q8_0]> -> tensor<?x64xf32>
    %angles = tenon.rope_angles %pos {base = 1.0e4 : f64, dims = 32 : i64} : tensor<?xi32> -> tensor<?x16x2xf32>
    %x, %c = tenon.stack 0 to 2 (%x0, %cache) : tensor<?x64xf32>, !kv {
    ^layer(%l: index, %h: tensor<?x64xf32>, %kv: !kv):
      %wn = tenon.weight.at @attn_norm[%l] : !tenon.weight<64, [f32]>
      %wq = tenon.weight.at @attn_q[%l] : !tenon.weight<64x64, [q4_1]>
      %wk = tenon.weight.at @attn_k[%l] : !tenon.weight<32x64, [q4_1]>
      %wv = tenon.weight.at @attn_v[%l] : !tenon.weight<32x64, [q4_1, q8_0]>
      %n = tenon.norm rms %h, %wn {eps = 1.0e-5 : f32} : tensor<?x64xf32>, !tenon.weight<64, [f32]>
      %q = tenon.linear %n, %wq : (tensor<?x64xf32>, !tenon.weight<64x64, [q4_1]>) -> tensor<?x2x32xf32>
      %k = tenon.linear %n, %wk : (tensor<?x64xf32>, !tenon.weight<32x64, [q4_1]>) -> tensor<?x1x32xf32>
      %v = tenon.linear %n, %wv : (tensor<?x64xf32>, !tenon.weight<32x64, [q4_1, q8_0]>) -> tensor<?x1x32xf32>
      %qr = tenon.rope interleaved %q, %angles : tensor<?x2x32xf32>, tensor<?x16x2xf32>
      %kr = tenon.rope interleaved %k, %angles : tensor<?x1x32xf32>, tensor<?x16x2xf32>
      %kv1 = tenon.cache.append %kv[%l], %kr, %v, %pos : tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?xi32>, !kv
      %o, %lse = tenon.attention causal %qr, %kv1[%l], %pos {scale = 0.17677669 : f32} : tensor<?x2x32xf32>, !kv, tensor<?xi32> -> tensor<?x2x32xf32>, tensor<?x2xf32>
      %wo = tenon.weight.at @attn_output[%l] : !tenon.weight<64x64, [q4_1]>
      %a = tenon.linear %o, %wo : (tensor<?x2x32xf32>, !tenon.weight<64x64, [q4_1]>) -> tensor<?x64xf32>
      %h1 = arith.addf %h, %a : tensor<?x64xf32>
      %wm = tenon.weight.at @ffn_norm[%l] : !tenon.weight<64, [f32]>
      %m = tenon.norm rms %h1, %wm {eps = 1.0e-5 : f32} : tensor<?x64xf32>, !tenon.weight<64, [f32]>
      %wg = tenon.weight.at @ffn_gate[%l] : !tenon.weight<96x64, [q4_1]>
      %wu = tenon.weight.at @ffn_up[%l] : !tenon.weight<96x64, [q4_1]>
      %wd = tenon.weight.at @ffn_down[%l] : !tenon.weight<64x96, [q4_1]>
      %g = tenon.linear %m, %wg : (tensor<?x64xf32>, !tenon.weight<96x64, [q4_1]>) -> tensor<?x96xf32>
      %u = tenon.linear %m, %wu : (tensor<?x64xf32>, !tenon.weight<96x64, [q4_1]>) -> tensor<?x96xf32>
      %f = tenon.gate silu %g, %u : tensor<?x96xf32>
      %d = tenon.linear %f, %wd : (tensor<?x96xf32>, !tenon.weight<64x96, [q4_1]>) -> tensor<?x64xf32>
      %h2 = arith.addf %h1, %d : tensor<?x64xf32>
      tenon.yield %h2, %kv1 : tensor<?x64xf32>, !kv
    }
    %r = tenon.rows %x, %out : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
    %won = tenon.weight.at @output_norm : !tenon.weight<64, [f32]>
    %y = tenon.norm rms %r, %won {eps = 1.0e-5 : f32} : tensor<?x64xf32>, !tenon.weight<64, [f32]>
    %logits = tenon.linear %y, %we : (tensor<?x64xf32>, !tenon.weight<50x64, [q8_0]>) -> tensor<?x50xf32>
    return %logits, %c : tensor<?x50xf32>, !kv
  }
}
