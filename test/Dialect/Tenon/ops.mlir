// Round trip of every op, type and attribute, textual and generic.
// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --mlir-print-op-generic | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --verify-roundtrip -o /dev/null
// RUN: tenon-opt %s --tenon-verify-contract=phase=imported -o /dev/null

!kv = !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f32, layout = contiguous>

// CHECK-LABEL: module @m
// CHECK-SAME: tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>
module @m attributes {
  tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>
} {
  // CHECK: tenon.archive @a "synthetic:1" {fingerprint = "00ff"}
  tenon.archive @a "synthetic:1" {fingerprint = "00ff"}
  // CHECK: tenon.weight @embd shape [96, 32] of [#tenon.scheme<q8_0>] = stored @a["token_embd.weight"]
  tenon.weight @embd shape [96, 32] of [#tenon.scheme<q8_0>] = stored @a["token_embd.weight"]
  tenon.weight @factors shape [4] of [#tenon.scheme<f32>] = stored @a["rope_freqs.weight"]
  tenon.weight @norm layers 2 shape [32] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.attn_norm.weight"]
  tenon.weight @q layers 2 shape [32, 32] of [#tenon.scheme<q4_1>] = stored @a["blk.{layer}.attn_q.weight"]
  tenon.weight @k layers 2 shape [16, 32] of [#tenon.scheme<f16>] = stored @a["blk.{layer}.attn_k.weight"]
  // CHECK: tenon.weight @v layers 2 shape [16, 32] of [#tenon.scheme<q5_0>, #tenon.scheme<q8_0>] by [0, 1] = stored @a["blk.{layer}.attn_v.weight"]
  tenon.weight @v layers 2 shape [16, 32] of [#tenon.scheme<q5_0>, #tenon.scheme<q8_0>] by [0, 1] = stored @a["blk.{layer}.attn_v.weight"]
  tenon.weight @vb layers 2 shape [16] of [#tenon.scheme<f32>] = stored @a["blk.{layer}.attn_v.bias"]
  tenon.weight @o layers 2 shape [32, 32] of [#tenon.scheme<q4_0>] = stored @a["blk.{layer}.attn_output.weight"]
  tenon.weight @up layers 2 shape [64, 32] of [#tenon.scheme<iq4_nl>] = stored @a["blk.{layer}.ffn_up.weight"]
  tenon.weight @down layers 2 shape [32, 64] of [#tenon.scheme<bf16>] = stored @a["blk.{layer}.ffn_down.weight"]

  // CHECK-LABEL: func.func @forward
  // CHECK-SAME: !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f32, layout = contiguous>
  func.func @forward(%ids: tensor<?xi32>, %pos: tensor<?xi32>, %rows: tensor<?xi32>, %cache: !kv) -> (tensor<?x96xf32>, !kv) attributes {tenon.entry} {
    // CHECK: %[[E:.*]] = tenon.weight.at @embd : <96x32, [q8_0]>
    %e = tenon.weight.at @embd : !tenon.weight<96x32, [q8_0]>
    // CHECK: tenon.embedding %{{.*}}, %[[E]] : tensor<?xi32>, <96x32, [q8_0]> -> tensor<?x32xf32>
    %x = tenon.embedding %ids, %e : tensor<?xi32>, !tenon.weight<96x32, [q8_0]> -> tensor<?x32xf32>
    %f = tenon.weight.at @factors : !tenon.weight<4, [f32]>
    // CHECK: tenon.rope_angles %{{.*}} factors %{{.*}} : !tenon.weight<4, [f32]> {base = 1.000000e+04 : f64, dims = 8 : i64, frequency_scale = 5.000000e-01 : f64} : tensor<?xi32> -> tensor<?x4x2xf32>
    %a = tenon.rope_angles %pos factors %f : !tenon.weight<4, [f32]> {base = 1.0e4 : f64, dims = 8 : i64, frequency_scale = 0.5 : f64} : tensor<?xi32> -> tensor<?x4x2xf32>
    // CHECK: tenon.stack 0 to 2(
    %y, %c = tenon.stack 0 to 2 (%x, %cache) : tensor<?x32xf32>, !kv {
    ^layer(%l: index, %h: tensor<?x32xf32>, %c0: !kv):
      // CHECK: tenon.weight.at @norm[%{{.*}}] : <32, [f32]>
      %wn = tenon.weight.at @norm[%l] : !tenon.weight<32, [f32]>
      // CHECK: tenon.norm rms %{{.*}} {eps = 9.99999974E-6 : f32} : tensor<?x32xf32>, <32, [f32]>
      %n = tenon.norm rms %h, %wn {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
      %wq = tenon.weight.at @q[%l] : !tenon.weight<32x32, [q4_1]>
      %wk = tenon.weight.at @k[%l] : !tenon.weight<16x32, [f16]>
      // CHECK: <16x32, [q5_0, q8_0]>
      %wv = tenon.weight.at @v[%l] : !tenon.weight<16x32, [q5_0, q8_0]>
      %bv = tenon.weight.at @vb[%l] : !tenon.weight<16, [f32]>
      // CHECK: tenon.linear %{{.*}}, %{{.*}} : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_1]>) -> tensor<?x4x8xf32>
      %q = tenon.linear %n, %wq : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_1]>) -> tensor<?x4x8xf32>
      %k = tenon.linear %n, %wk : (tensor<?x32xf32>, !tenon.weight<16x32, [f16]>) -> tensor<?x2x8xf32>
      // CHECK: tenon.linear %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<?x32xf32>, !tenon.weight<16x32, [q5_0, q8_0]>, !tenon.weight<16, [f32]>) -> tensor<?x2x8xf32>
      %v = tenon.linear %n, %wv bias %bv : (tensor<?x32xf32>, !tenon.weight<16x32, [q5_0, q8_0]>, !tenon.weight<16, [f32]>) -> tensor<?x2x8xf32>
      // CHECK: tenon.rope half_split %{{.*}}, %{{.*}} : tensor<?x4x8xf32>, tensor<?x4x2xf32>
      %qr = tenon.rope half_split %q, %a : tensor<?x4x8xf32>, tensor<?x4x2xf32>
      // CHECK: tenon.rope interleaved
      %kr = tenon.rope interleaved %k, %a : tensor<?x2x8xf32>, tensor<?x4x2xf32>
      // CHECK: tenon.attention full %{{.*}}, %{{.*}}[%{{.*}}], %{{.*}} {scale = 2.500000e-01 : f32}
      %o0, %l0 = tenon.attention full %qr, %c0[%l], %pos {scale = 0.25 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
      // CHECK: tenon.cache.append %{{.*}}[%{{.*}}], %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>
      %c1 = tenon.cache.append %c0[%l], %kr, %v, %pos : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
      // CHECK: tenon.attention causal
      %o1, %l1 = tenon.attention causal %qr, %c1[%l], %pos {scale = 0.25 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
      // CHECK: tenon.merge(%{{.*}}, %{{.*}}), (%{{.*}}, %{{.*}}) : tensor<?x4x8xf32>, tensor<?x4xf32>
      %o2, %l2 = tenon.merge (%o0, %l0), (%o1, %l1) : tensor<?x4x8xf32>, tensor<?x4xf32>
      %wo = tenon.weight.at @o[%l] : !tenon.weight<32x32, [q4_0]>
      %p = tenon.linear %o2, %wo : (tensor<?x4x8xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
      %h1 = arith.addf %h, %p : tensor<?x32xf32>
      // CHECK: tenon.norm layer
      %m = tenon.norm layer %h1, %wn {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
      %wu = tenon.weight.at @up[%l] : !tenon.weight<64x32, [iq4_nl]>
      %wd = tenon.weight.at @down[%l] : !tenon.weight<32x64, [bf16]>
      %u = tenon.linear %m, %wu : (tensor<?x32xf32>, !tenon.weight<64x32, [iq4_nl]>) -> tensor<?x64xf32>
      // CHECK: tenon.gate silu
      %g0 = tenon.gate silu %u, %u : tensor<?x64xf32>
      // CHECK: tenon.gate gelu
      %g1 = tenon.gate gelu %g0, %u : tensor<?x64xf32>
      // CHECK: tenon.gate relu
      %g2 = tenon.gate relu %g1, %u : tensor<?x64xf32>
      %d = tenon.linear %g2, %wd : (tensor<?x64xf32>, !tenon.weight<32x64, [bf16]>) -> tensor<?x32xf32>
      %h2 = arith.addf %h1, %d : tensor<?x32xf32>
      // CHECK: tenon.yield %{{.*}}, %{{.*}} : tensor<?x32xf32>
      tenon.yield %h2, %c1 : tensor<?x32xf32>, !kv
    }
    // CHECK: tenon.rows %{{.*}}, %{{.*}} : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    %r = tenon.rows %y, %rows : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    %z = tenon.linear %r, %e : (tensor<?x32xf32>, !tenon.weight<96x32, [q8_0]>) -> tensor<?x96xf32>
    return %z, %c : tensor<?x96xf32>, !kv
  }
}
