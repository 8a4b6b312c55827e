

func.func @f(%p: tensor<?xi32>, %w: !tenon.weight<8, [f32]>) {
  %a = tenon.rope_angles %p factors %w : !tenon.weight<8, [f32]> {base = 1.0e4 : f64, dims = 8 : i64} : tensor<?xi32> -> tensor<?x4x2xf32>
  return
}


