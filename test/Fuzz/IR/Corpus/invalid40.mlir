

func.func @f(%x: tensor<f32>, %i: tensor<?xi32>) {
  %y = tenon.rows %x, %i : tensor<f32>, tensor<?xi32> -> tensor<?xf32>
  return
}


