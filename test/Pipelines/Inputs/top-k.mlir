// An embedding and an output layer that gives logits, and the best tokens of
// other rows.
!kv = !tenon.cache<kv, layers = 1, heads = 1, dim = 32, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module @ranked attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 50>} {
  tenon.archive @archive "synthetic:7"
  tenon.weight @token_embd shape [50, 64] of [#tenon.scheme<q8_0>] = stored @archive["token_embd.weight"]
  tenon.weight @output_norm shape [64] of [#tenon.scheme<f32>] = stored @archive["output_norm.weight"]
  func.func @forward(%ids: tensor<?xi32>, %pos: tensor<?xi32>, %out: tensor<?xi32>, %top: tensor<?xi32>, %count: index, %cache: !kv) -> (tensor<?x50xf32>, tensor<?x8xf32>, tensor<?x8xi32>, !kv) attributes {tenon.entry} {
    %we = tenon.weight.at @token_embd : !tenon.weight<50x64, [q8_0]>
    %won = tenon.weight.at @output_norm : !tenon.weight<64, [f32]>
    %x = tenon.embedding %ids, %we : tensor<?xi32>, !tenon.weight<50x64, [q8_0]> -> tensor<?x64xf32>
    %r0 = tenon.rows %x, %out : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
    %n0 = tenon.norm rms %r0, %won {eps = 1.0e-5 : f32} : tensor<?x64xf32>, !tenon.weight<64, [f32]>
    %logits = tenon.linear %n0, %we : (tensor<?x64xf32>, !tenon.weight<50x64, [q8_0]>) -> tensor<?x50xf32>
    %r1 = tenon.rows %x, %top : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
    %n1 = tenon.norm rms %r1, %won {eps = 1.0e-5 : f32} : tensor<?x64xf32>, !tenon.weight<64, [f32]>
    %l1 = tenon.linear %n1, %we : (tensor<?x64xf32>, !tenon.weight<50x64, [q8_0]>) -> tensor<?x50xf32>
    %v, %i = tenon.top_k %l1, %count : tensor<?x50xf32> -> tensor<?x8xf32>, tensor<?x8xi32>
    return %logits, %v, %i, %cache : tensor<?x50xf32>, tensor<?x8xf32>, tensor<?x8xi32>, !kv
  }
}
