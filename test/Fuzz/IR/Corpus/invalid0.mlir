

func.func private @f(!tenon.cache<kv, layers = 0, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>)


