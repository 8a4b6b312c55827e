// Every message of the dialect's verifiers. L5 and L12 label the legality rules
// of the same name.
// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// Types

// expected-error @+1 {{expected positive layers, heads and dim, but got 0, 2 and 8}}
func.func private @f(!tenon.cache<kv, layers = 0, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>)

// -----

// expected-error @+1 {{expected float or integer elements, but got 'index'}}
func.func private @f(!tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = index, v = f16, layout = contiguous>)

// -----

// expected-error @+1 {{expected at most 1048576 layers, heads and dim, but got 1, 1048577 and 8}}
func.func private @f(!tenon.cache<kv, layers = 1, heads = 1048577, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>)

// -----

// L5
// expected-error @+1 {{expected rope = pre for a cache of layer inputs (L5), but got rope = post}}
func.func private @f(!tenon.cache<x, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>)

// -----

// expected-error @+1 {{expected extent >= 1 for layout paged, but got 0}}
func.func private @f(!tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = paged>)

// -----

// expected-error @+1 {{expected extent >= 1 for layout ring, but got 0}}
func.func private @f(!tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = ring>)

// -----

// expected-error @+1 {{expected no extent for layout contiguous, but got 4}}
func.func private @f(!tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous, extent = 4>)

// -----

// expected-error @+1 {{expected a vector or a matrix, but got 3 dimensions}}
func.func private @f(!tenon.weight<2x3x4, [f32]>)

// -----

// expected-error @+1 {{expected positive dimensions, but got 0}}
func.func private @f(!tenon.weight<0x4, [f32]>)

// -----

// expected-error @+1 {{expected a weight of at most 281474976710656 elements}}
func.func private @f(!tenon.weight<4611686018427387904x4, [f32]>)

// -----

// expected-error @+1 {{expected rows of a multiple of 256 elements for q4_k, but got 64}}
func.func private @f(!tenon.weight<8x64, [f32, q4_k]>)

// -----

// expected-error @+1 {{expected a context of at least 1 token, but got 0}}
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 0, vocab = 32>} {}

// -----

// expected-error @+1 {{expected a vocabulary of at least 1 token, but got 0}}
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 8, vocab = 0>} {}

// -----

// expected-error @+1 {{expected context and vocabulary of at most 2147483647 tokens, but got 2147483648 and 32}}
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 2147483648, vocab = 32>} {}

// -----

// Archives and weights

tenon.archive @a "model.gguf"
// expected-error @+1 {{'tenon.weight' op expected at least one scheme}}
tenon.weight @w shape [32] of [] = stored @a["w"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{'tenon.weight' op expected rows of a multiple of 32 elements for q8_0, but got 40}}
tenon.weight @w shape [40] of [#tenon.scheme<q8_0>] = stored @a["w"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{'tenon.weight' op expected a vector or a matrix, but got 0 dimensions}}
tenon.weight @w shape [] of [#tenon.scheme<f32>] = stored @a["w"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{'tenon.weight' op expected at least 1 layer, but got 0}}
tenon.weight @w layers 0 shape [32] of [#tenon.scheme<f32>] = stored @a["w.{layer}"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{'tenon.weight' op expected at most 1048576 layers, but got 1048577}}
tenon.weight @w layers 1048577 shape [32] of [#tenon.scheme<f32>] = stored @a["w.{layer}"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{'tenon.weight' op expected '{layer}' in the tensor's name exactly when the weight has layers, but got 'w'}}
tenon.weight @w layers 2 shape [32] of [#tenon.scheme<f32>] = stored @a["w"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{expected one scheme index per layer (2), but got 3}}
tenon.weight @w layers 2 shape [32] of [#tenon.scheme<f32>] by [0, 0, 0] = stored @a["w.{layer}"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{expected scheme indices below 1, but got 1}}
tenon.weight @w layers 2 shape [32] of [#tenon.scheme<f32>] by [0, 1] = stored @a["w.{layer}"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{expected a scheme index per layer ('by') for 2 schemes}}
tenon.weight @w layers 2 shape [32] of [#tenon.scheme<f32>, #tenon.scheme<f16>] = stored @a["w.{layer}"]

// -----

tenon.archive @a "model.gguf"
// expected-error @+1 {{expected one offset per layer (2), but got 1}}
tenon.weight @w layers 2 shape [32] of [#tenon.scheme<f32>] = stored @a["w.{layer}"] {offsets = array<i64: 0>}

// -----

// expected-error @+1 {{expected a tenon.archive, but got @a}}
tenon.weight @w shape [32] of [#tenon.scheme<f32>] = stored @a["w"]

// -----

func.func @f() {
  // expected-error @+1 {{expected a tenon.weight, but got @w}}
  %w = tenon.weight.at @w : !tenon.weight<32, [f32]>
  return
}

// -----

tenon.archive @a "model.gguf"
// expected-note @+1 {{the weight}}
tenon.weight @w layers 2 shape [32] of [#tenon.scheme<f32>] = stored @a["w.{layer}"]
func.func @f() {
  // expected-error @+1 {{expected a layer index exactly when the weight has layers}}
  %w = tenon.weight.at @w : !tenon.weight<32, [f32]>
  return
}

// -----

tenon.archive @a "model.gguf"
// expected-note @+1 {{the weight}}
tenon.weight @w shape [32] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @f(%l: index) {
  // expected-error @+1 {{expected a layer index exactly when the weight has layers}}
  %w = tenon.weight.at @w[%l] : !tenon.weight<32, [f32]>
  return
}

// -----

tenon.archive @a "model.gguf"
tenon.weight @w shape [32] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @f() {
  // expected-error @+1 {{expected type '!tenon.weight<32, [f32]>', but got '!tenon.weight<32, [f16]>'}}
  %w = tenon.weight.at @w : !tenon.weight<32, [f16]>
  return
}

// -----

// Embedding, linear

func.func @f(%i: tensor<?xi32>, %w: !tenon.weight<32, [f32]>) {
  // expected-error @+1 {{'tenon.embedding' op expected a matrix, but got '!tenon.weight<32, [f32]>'}}
  %x = tenon.embedding %i, %w : tensor<?xi32>, !tenon.weight<32, [f32]> -> tensor<?x32xf32>
  return
}

// -----

func.func @f(%i: tensor<?xi32>, %w: !tenon.weight<8x32, [f32]>) {
  // expected-error @+1 {{expected result of type 'tensor<?x32xf32>', but got 'tensor<?x8xf32>'}}
  %x = tenon.embedding %i, %w : tensor<?xi32>, !tenon.weight<8x32, [f32]> -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<32, [f32]>) {
  // expected-error @+1 {{'tenon.linear' op expected a matrix, but got '!tenon.weight<32, [f32]>'}}
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32, [f32]>) -> tensor<?x32xf32>
  return
}

// -----

func.func @f(%x: tensor<32xf32>, %w: !tenon.weight<8x32, [f32]>) {
  // expected-error @+1 {{expected input of rank 2 or 3, but got 'tensor<32xf32>'}}
  %y = tenon.linear %x, %w : (tensor<32xf32>, !tenon.weight<8x32, [f32]>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x?xf32>, %w: !tenon.weight<8x32, [f32]>) {
  // expected-error @+1 {{expected static sizes after the rows of input, but got 'tensor<?x?xf32>'}}
  %y = tenon.linear %x, %w : (tensor<?x?xf32>, !tenon.weight<8x32, [f32]>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x16xf32>, %w: !tenon.weight<8x32, [f32]>) {
  // expected-error @+1 {{expected input rows of 32 elements, but got 'tensor<?x16xf32>'}}
  %y = tenon.linear %x, %w : (tensor<?x16xf32>, !tenon.weight<8x32, [f32]>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<8x32, [f32]>) {
  // expected-error @+1 {{expected result rows of 8 elements, but got 'tensor<?x3x4xf32>'}}
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<8x32, [f32]>) -> tensor<?x3x4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x32xf32>, %w: !tenon.weight<8x32, [f32]>) {
  // expected-error @+1 {{expected as many result rows as input rows ('tensor<2x32xf32>'), but got 'tensor<3x8xf32>'}}
  %y = tenon.linear %x, %w : (tensor<2x32xf32>, !tenon.weight<8x32, [f32]>) -> tensor<3x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<8x32, [f32]>, %b: !tenon.weight<9, [f32]>) {
  // expected-error @+1 {{expected a bias vector of 8 elements, but got '!tenon.weight<9, [f32]>'}}
  %y = tenon.linear %x, %w bias %b : (tensor<?x32xf32>, !tenon.weight<8x32, [f32]>, !tenon.weight<9, [f32]>) -> tensor<?x8xf32>
  return
}

// -----

// Norm, rows, gate

func.func @f(%x: tensor<32xf32>, %w: !tenon.weight<32, [f32]>) {
  // expected-error @+1 {{expected input [rows, ..., elements], but got 'tensor<32xf32>'}}
  %y = tenon.norm rms %x, %w {eps = 1.0e-5 : f32} : tensor<32xf32>, !tenon.weight<32, [f32]>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<32, [f32]>) {
  // expected-error @+1 {{expected a finite eps of at least 0, but got -9.99999974E-6 : f32}}
  %y = tenon.norm rms %x, %w {eps = -1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<32, [f32]>) {
  // expected-error @+1 {{expected a finite eps of at least 0, but got 0x7FC00000 : f32}}
  %y = tenon.norm rms %x, %w {eps = 0x7FC00000 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<32, [f32]>) {
  // expected-error @+1 {{expected a finite eps of at least 0, but got 0x7F800000 : f32}}
  %y = tenon.norm layer %x, %w {eps = 0x7F800000 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<16, [f32]>) {
  // expected-error @+1 {{expected a weight vector of 32 elements, but got '!tenon.weight<16, [f32]>'}}
  %y = tenon.norm rms %x, %w {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<16, [f32]>
  return
}

// -----

func.func @f(%x: tensor<f32>, %i: tensor<?xi32>) {
  // expected-error @+1 {{expected input with rows, but got 'tensor<f32>'}}
  %y = tenon.rows %x, %i : tensor<f32>, tensor<?xi32> -> tensor<?xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4x8xf32>, %k: index) {
  // expected-error @+1 {{expected input [rows, elements] with rows of a static size below 2^31, but got 'tensor<?x4x8xf32>'}}
  %v, %i = tenon.top_k %x, %k : tensor<?x4x8xf32> -> tensor<?x2xf32>, tensor<?x2xi32>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %k: index) {
  // expected-error @+1 {{expected values [rows, K] with K from 1 to 256, but got 'tensor<?x0xf32>'}}
  %v, %i = tenon.top_k %x, %k : tensor<?x32xf32> -> tensor<?x0xf32>, tensor<?x0xi32>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %k: index) {
  // expected-error @+1 {{expected values [rows, K] with K from 1 to 256, but got 'tensor<?x257xf32>'}}
  %v, %i = tenon.top_k %x, %k : tensor<?x32xf32> -> tensor<?x257xf32>, tensor<?x257xi32>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %k: index) {
  // expected-error @+1 {{expected indices of type 'tensor<?x8xi32>', but got 'tensor<?x4xi32>'}}
  %v, %i = tenon.top_k %x, %k : tensor<?x32xf32> -> tensor<?x8xf32>, tensor<?x4xi32>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %i: tensor<3xi32>) {
  // expected-error @+1 {{expected result of type 'tensor<3x32xf32>', but got 'tensor<?x32xf32>'}}
  %y = tenon.rows %x, %i : tensor<?x32xf32>, tensor<3xi32> -> tensor<?x32xf32>
  return
}

// -----

func.func @f(%g: tensor<?x32xf32>, %u: tensor<?x16xf32>) {
  // expected-error @+1 {{'tenon.gate' op requires the same type for all operands and results}}
  %y = "tenon.gate"(%g, %u) <{fn = #tenon<fn silu>}> : (tensor<?x32xf32>, tensor<?x16xf32>) -> tensor<?x32xf32>
  return
}

// -----

// Rotary positions

func.func @f(%p: tensor<?xi32>) {
  // expected-error @+1 {{expected an even number of dims >= 2, but got 7}}
  %a = tenon.rope_angles %p {base = 1.0e4 : f64, dims = 7 : i64} : tensor<?xi32> -> tensor<?x3x2xf32>
  return
}

// -----

func.func @f(%p: tensor<?xi32>) {
  // expected-error @+1 {{expected a positive base, but got -1}}
  %a = tenon.rope_angles %p {base = -1.0 : f64, dims = 8 : i64} : tensor<?xi32> -> tensor<?x4x2xf32>
  return
}

// -----

func.func @f(%p: tensor<?xi32>, %w: !tenon.weight<8, [f32]>) {
  // expected-error @+1 {{expected a vector of 4 factors, but got '!tenon.weight<8, [f32]>'}}
  %a = tenon.rope_angles %p factors %w : !tenon.weight<8, [f32]> {base = 1.0e4 : f64, dims = 8 : i64} : tensor<?xi32> -> tensor<?x4x2xf32>
  return
}

// -----

func.func @f(%p: tensor<?xi32>) {
  // expected-error @+1 {{expected result of type 'tensor<?x4x2xf32>', but got 'tensor<?x8x2xf32>'}}
  %a = tenon.rope_angles %p {base = 1.0e4 : f64, dims = 8 : i64} : tensor<?xi32> -> tensor<?x8x2xf32>
  return
}

// -----

func.func @f(%x: tensor<?x32xf32>, %a: tensor<?x4x2xf32>) {
  // expected-error @+1 {{expected input [rows, heads, dim], but got 'tensor<?x32xf32>'}}
  %y = tenon.rope interleaved %x, %a : tensor<?x32xf32>, tensor<?x4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4x8xf32>, %a: tensor<?x4x3xf32>) {
  // expected-error @+1 {{expected angles [rows, pairs, 2], but got 'tensor<?x4x3xf32>'}}
  %y = tenon.rope interleaved %x, %a : tensor<?x4x8xf32>, tensor<?x4x3xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4x8xf32>, %a: tensor<2x4x2xf32>) {
  // expected-error @+1 {{expected as many rows of angles as of input, but got 'tensor<2x4x2xf32>' for 'tensor<?x4x8xf32>'}}
  %y = tenon.rope interleaved %x, %a : tensor<?x4x8xf32>, tensor<2x4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4x8xf32>, %a: tensor<?x5x2xf32>) {
  // expected-error @+1 {{expected at most 4 pairs, but got 5}}
  %y = tenon.rope interleaved %x, %a : tensor<?x4x8xf32>, tensor<?x5x2xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4x?xf32>, %a: tensor<?x4x2xf32>) {
  // expected-error @+1 {{expected static heads, dim and pairs, but got}}
  %y = tenon.rope interleaved %x, %a : tensor<?x4x?xf32>, tensor<?x4x2xf32>
  return
}

// -----

// Caches

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %k: tensor<?x4x8xf32>, %v: tensor<?x2x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected key of type 'tensor<?x2x8xf32>', but got 'tensor<?x4x8xf32>'}}
  %c1 = tenon.cache.append %c[%l], %k, %v, %p : tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %k: tensor<?x2x8xf32>, %v: tensor<3x2x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected value of type 'tensor<?x2x8xf32>', but got 'tensor<3x2x8xf32>'}}
  %c1 = tenon.cache.append %c[%l], %k, %v, %p : tensor<?x2x8xf32>, tensor<3x2x8xf32>, tensor<?xi32>, !kv
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x32xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected query [rows, heads, dim], but got 'tensor<?x32xf32>'}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x3x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected query heads to be a multiple of the cache's 2 heads, but got 'tensor<?x3x8xf32>'}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x3x8xf32>, !kv, tensor<?xi32> -> tensor<?x3x8xf32>, tensor<?x3xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x4x9xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected query of type 'tensor<?x4x8xf32>', but got 'tensor<?x4x9xf32>'}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x4x9xf32>, !kv, tensor<?xi32> -> tensor<?x4x9xf32>, tensor<?x4xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x4x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected output of type 'tensor<?x4x8xf32>', but got 'tensor<?x32xf32>'}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x32xf32>, tensor<?x4xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x4x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected lse of type 'tensor<?x4xf32>', but got 'tensor<?x8xf32>'}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x8xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x4x8xf32>, %p: tensor<?xi32>, %b: tensor<?x2xf32>) {
  // expected-error @+1 {{expected a key bias [slots], but got 'tensor<?x2xf32>'}}
  %o, %s = tenon.attention causal %q, %c[%l], %p key_bias %b : tensor<?x2xf32> {scale = 1.0 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return
}

// -----

// L12
func.func @f(%a: tensor<?x4x8xf16>, %la: tensor<?x4xf16>) {
  // expected-error @+1 {{expected log-sums of f32 (L12), but got 'tensor<?x4xf16>'}}
  %o, %l = tenon.merge (%a, %la), (%a, %la) : tensor<?x4x8xf16>, tensor<?x4xf16>
  return
}

// -----

func.func @f(%a: tensor<?x4x8xf32>, %la: tensor<?x3xf32>) {
  // expected-error @+1 {{expected one log-sum per output row, but got 'tensor<?x3xf32>' for 'tensor<?x4x8xf32>'}}
  %o, %l = tenon.merge (%a, %la), (%a, %la) : tensor<?x4x8xf32>, tensor<?x3xf32>
  return
}

// -----

// Stacks and kernels

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected layers 0 <= first <= last, but got 3 to 2}}
  %y = tenon.stack 3 to 2 (%x) : tensor<?x8xf32> {
  ^layer(%l: index, %h: tensor<?x8xf32>):
    tenon.yield %h : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected at most 1048576 layers, but got 1048577}}
  %y = tenon.stack 0 to 1048577 (%x) : tensor<?x8xf32> {
  ^layer(%l: index, %h: tensor<?x8xf32>):
    tenon.yield %h : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected the layer index as first block argument}}
  %y = tenon.stack 0 to 2 (%x) : tensor<?x8xf32> {
  ^layer(%h: tensor<?x8xf32>):
    tenon.yield %h : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 1 block arguments, but got 0}}
  %y = tenon.stack 0 to 2 (%x) : tensor<?x8xf32> {
  ^layer(%l: index):
    tenon.yield %x : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %z: tensor<?x4xf32>) {
  // expected-error @+1 {{expected type 'tensor<?x8xf32>' of yielded values 0, but got 'tensor<?x4xf32>'}}
  %y = tenon.stack 0 to 2 (%x) : tensor<?x8xf32> {
  ^layer(%l: index, %h: tensor<?x8xf32>):
    tenon.yield %z : tensor<?x4xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected type 'tensor<?x8xf32>' of block arguments 0, but got 'tensor<?x4xf32>'}}
  %y = tenon.kernel "k" (%x) : (tensor<?x8xf32>) -> tensor<?x4xf32> {
  ^kernel(%a: tensor<?x4xf32>):
    tenon.yield %a : tensor<?x4xf32>
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 1 yielded values, but got 0}}
  %y = tenon.kernel "k" (%x) : (tensor<?x8xf32>) -> tensor<?x8xf32> {
  ^kernel(%a: tensor<?x8xf32>):
    tenon.yield
  }
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-note @+1 {{required by region isolation constraints}}
  %y = tenon.kernel "k" (%x) : (tensor<?x8xf32>) -> tensor<?x8xf32> {
  ^kernel(%a: tensor<?x8xf32>):
    // expected-error @+1 {{'arith.addf' op using value defined outside the region}}
    %b = arith.addf %a, %x : tensor<?x8xf32>
    tenon.yield %b : tensor<?x8xf32>
  }
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{'tenon.yield' op expects parent op to be one of 'tenon.stack, tenon.kernel'}}
  tenon.yield
}

// -----

func.func @f(%p: tensor<?xi32>) {
  // expected-error @+1 {{expected at most 1048576 dims, but got 1099511627776}}
  %a = tenon.rope_angles %p {base = 1.0e4 : f64, dims = 1099511627776 : i64} : tensor<?xi32> -> tensor<?x549755813888x2xf32>
  return
}

// -----

func.func @f(%p: tensor<?xi32>) {
  // expected-error @+1 {{expected a positive base, but got nan}}
  %a = tenon.rope_angles %p {base = 0x7FF8000000000000 : f64, dims = 8 : i64} : tensor<?xi32> -> tensor<?x4x2xf32>
  return
}

// -----

// 3 x 6148914691236517227 is 65 modulo 2^64.
func.func @f(%x: tensor<?x32xf32>, %w: !tenon.weight<65x32, [f32]>) {
  // expected-error @+1 {{expected result rows of 65 elements, but got 'tensor<?x3x6148914691236517227xf32>'}}
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<65x32, [f32]>) -> tensor<?x3x6148914691236517227xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x4x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected 1 to 1024 parts, but got 0}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {parts = 0 : i64, scale = 1.0 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x0x8xf32>, tensor<?x4x0xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x4x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected output}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {parts = 3 : i64, scale = 1.0 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x4x8xf32>, %la: tensor<?x4xf32>) {
  // expected-error @+1 {{expected [rows, heads, parts, dim] of static heads, parts and dim, but got 'tensor<?x4x8xf32>'}}
  %o, %l = tenon.merge_parts %a, %la : tensor<?x4x8xf32>, tensor<?x4xf32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x4x2x8xf32>, %la: tensor<?x4x3xf32>) {
  // expected-error @+1 {{expected part_lse}}
  %o, %l = tenon.merge_parts %a, %la : tensor<?x4x2x8xf32>, tensor<?x4x3xf32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x4x2000x8xf32>, %la: tensor<?x4x2000xf32>) {
  // expected-error @+1 {{expected 1 to 1024 parts, but got 'tensor<?x4x2000x8xf32>'}}
  %o, %l = tenon.merge_parts %a, %la : tensor<?x4x2000x8xf32>, tensor<?x4x2000xf32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x4x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected products of bf16 or i8, or none given for exact ones, but got 'f16'}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {products = f16, scale = 1.0 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return
}

// -----

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @f(%c: !kv, %l: index, %q: tensor<?x4x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{expected products of bf16 or i8, or none given for exact ones, but got 'ui8'}}
  %o, %s = tenon.attention causal %q, %c[%l], %p {products = ui8, scale = 1.0 : f32} : tensor<?x4x8xf32>, !kv, tensor<?xi32> -> tensor<?x4x8xf32>, tensor<?x4xf32>
  return
}
