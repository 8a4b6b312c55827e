// RUN: tenon-opt %s --split-input-file --tenon-verify-contract -o /dev/null --verify-diagnostics

// A read before the append, one after, loops through carried values.
!kv = !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  func.func @good(%c: !kv, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> (tensor<?x2x8xf32>, !kv) attributes {tenon.entry} {
    %y, %d = tenon.stack 0 to 2 (%q, %c) : tensor<?x2x8xf32>, !kv {
    ^layer(%l: index, %h: tensor<?x2x8xf32>, %c0: !kv):
      %o0, %s0 = tenon.attention full %h, %c0[%l], %p {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
      %c1 = tenon.cache.append %c0[%l], %o0, %h, %p : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
      %o1, %s1 = tenon.attention full %h, %c1[%l], %p {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
      tenon.yield %o1, %c1 : tensor<?x2x8xf32>, !kv
    }
    return %y, %d : tensor<?x2x8xf32>, !kv
  }
}

// -----

!kv = !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  func.func @consumed_twice(%c: !kv, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> (!kv, !kv) attributes {tenon.entry} {
    %l = arith.constant 0 : index
    // expected-note @below {{consumed here too}}
    %c1 = tenon.cache.append %c[%l], %q, %q, %p : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
    // expected-error @below {{expected a cache that nothing else consumes; use the newest version}}
    %c2 = tenon.cache.append %c[%l], %q, %q, %p : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
    return %c1, %c2 : !kv, !kv
  }
}

// -----

!kv = !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  func.func @returned_twice(%c: !kv) -> (!kv, !kv) attributes {tenon.entry} {
    // expected-error @below {{expected a cache that nothing else consumes}}
    // expected-note @below {{consumed here too}}
    return %c, %c : !kv, !kv
  }
}

// -----

!kv = !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  func.func @late_read(%c: !kv, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> (tensor<?x2x8xf32>, !kv) attributes {tenon.entry} {
    %l = arith.constant 0 : index
    // expected-note @below {{consumed here}}
    %c1 = tenon.cache.append %c[%l], %q, %q, %p : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
    // expected-error @below {{expected a read before the cache is consumed; use the newest version}}
    %o, %s = tenon.attention full %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
    return %o, %c1 : tensor<?x2x8xf32>, !kv
  }
}

// -----

!kv = !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  // expected-note @below {{the cache}}
  func.func @not_carried(%c: !kv, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> tensor<?x2x8xf32> attributes {tenon.entry} {
    %y = tenon.stack 0 to 2 (%q) : tensor<?x2x8xf32> {
    ^layer(%l: index, %h: tensor<?x2x8xf32>):
      // expected-error @below {{expected a cache of its own block, but got one from outside; carry it into the region}}
      %o, %s = tenon.attention full %h, %c[%l], %p {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
      tenon.yield %o : tensor<?x2x8xf32>
    }
    return %y : tensor<?x2x8xf32>
  }
}

// -----

// expected-error @below {{expected a #tenon.model attribute 'tenon.model'}}
module {
  func.func @no_model() attributes {tenon.entry} { return }
}

// -----

// expected-error @below {{expected a function with 'tenon.entry'}}
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  func.func @no_entry() { return }
}

// -----

module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  func.func @foreign(%x: tensor<4xf32>) -> tensor<4xf32> attributes {tenon.entry} {
    // expected-error @below {{expected ops of tenon, arith and func, but got one of 'math'}}
    %y = math.exp %x : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// -----

module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  tenon.archive @a "model.gguf"
  // expected-error @below {{expected no packing before a target is chosen}}
  tenon.weight @w shape [32] of [#tenon.scheme<f32>] = stored @a["w"] {offsets = array<i64: 0>}
  func.func @early_kernel(%x: tensor<4xf32>) -> tensor<4xf32> attributes {tenon.entry} {
    // expected-error @below {{expected no kernel before they are formed}}
    %y = tenon.kernel "k" (%x) : (tensor<4xf32>) -> tensor<4xf32> {
    ^kernel(%a: tensor<4xf32>):
      tenon.yield %a : tensor<4xf32>
    }
    return %y : tensor<4xf32>
  }
}

// -----

!kv = !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  tenon.archive @a "model.gguf"
  tenon.weight @w layers 2 shape [16] of [#tenon.scheme<f32>] = stored @a["w.{layer}"]
  func.func @too_many_layers(%c: !kv, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> !kv attributes {tenon.entry} {
    %d = tenon.stack 0 to 3 (%c) : !kv {
    ^layer(%l: index, %c0: !kv):
      // expected-error @below {{expected a layer below the 2 of the weight, but got up to 2}}
      %w = tenon.weight.at @w[%l] : !tenon.weight<16, [f32]>
      // expected-error @below {{expected a layer below the 2 of the cache, but got up to 2}}
      %c1 = tenon.cache.append %c0[%l], %q, %q, %p : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
      tenon.yield %c1 : !kv
    }
    return %d : !kv
  }
}

// -----

!kv = !tenon.cache<kv, layers = 2, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  func.func @unknown_layer(%c: !kv, %l: index, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> !kv attributes {tenon.entry} {
    // expected-error @below {{expected the layer to be that of a stack or a constant}}
    %c1 = tenon.cache.append %c[%l], %q, %q, %p : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
    return %c1 : !kv
  }
}

// -----

module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  // expected-error @below {{expected 'tenon.entry' to be a unit attribute, but got "forward"}}
  func.func @f() attributes {tenon.entry = "forward"} {
    return
  }
}

// -----

module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  // expected-error @below {{expected an entry with a body of one block}}
  func.func @two_blocks(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {tenon.entry} {
    return %x : tensor<?x32xf32>
  ^unreachable:
    return %x : tensor<?x32xf32>
  }
}
