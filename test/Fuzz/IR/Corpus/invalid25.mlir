

func.func @f() {
  %w = tenon.weight.at @w : !tenon.weight<32, [f32]>
  return
}


