

func.func @f(%i: tensor<?xi32>, %w: !tenon.weight<8x32, [f32]>) {
  %x = tenon.embedding %i, %w : tensor<?xi32>, !tenon.weight<8x32, [f32]> -> tensor<?x8xf32>
  return
}


