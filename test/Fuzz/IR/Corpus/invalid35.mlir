

func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<8x32, [f32]>) {
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<8x32, [f32]>) -> tensor<?x3x4xf32>
  return
}


