

func.func @f(%x: tensor<?x4x8xf32>, %a: tensor<?x5x2xf32>) {
  %y = tenon.rope interleaved %x, %a : tensor<?x4x8xf32>, tensor<?x5x2xf32>
  return
}


