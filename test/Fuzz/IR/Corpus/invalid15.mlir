

tenon.archive @a "model.gguf"
tenon.weight @w shape [40] of [#tenon.scheme<q8_0>] = stored @a["w"]


