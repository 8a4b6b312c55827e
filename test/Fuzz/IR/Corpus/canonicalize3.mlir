

tenon.archive @a "model.gguf"
tenon.weight @w shape [8] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @weights(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w0 = tenon.weight.at @w : !tenon.weight<8, [f32]>
  %n0 = tenon.norm rms %x, %w0 {eps = 1.0e-5 : f32} : tensor<?x8xf32>, !tenon.weight<8, [f32]>
  %w1 = tenon.weight.at @w : !tenon.weight<8, [f32]>
  %n1 = tenon.norm rms %n0, %w1 {eps = 1.0e-5 : f32} : tensor<?x8xf32>, !tenon.weight<8, [f32]>
  return %n1 : tensor<?x8xf32>
}


