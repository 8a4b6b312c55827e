

func.func private @f(!tenon.weight<8x64, [f32, q4_k]>)


