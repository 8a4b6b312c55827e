// What the IR examples of the docs may use without saying so.
!kv = !tenon.cache<kv, layers = 30, heads = 3, dim = 64, rope = post, pos = original, k = f16, v = f16, layout = contiguous>

tenon.archive @gguf "model.gguf"
tenon.weight @norm shape [64] of [#tenon.scheme<f32>] = stored @gguf["output_norm.weight"]
tenon.weight @attn_v layers 30 shape [192, 512] of [#tenon.scheme<q4_k>] = stored @gguf["blk.{layer}.attn_v.weight"]
