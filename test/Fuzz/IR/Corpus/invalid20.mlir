

tenon.archive @a "model.gguf"
tenon.weight @w layers 2 shape [32] of [#tenon.scheme<f32>] by [0, 0, 0] = stored @a["w.{layer}"]


