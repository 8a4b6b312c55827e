// RUN: not tenon-opt %s --tenon-verify-contract=phase=optimized -o /dev/null 2>&1 | FileCheck %s --check-prefix=OPTIMIZED
// RUN: not tenon-opt %s --tenon-verify-contract=phase=scheduled -o /dev/null 2>&1 | FileCheck %s --check-prefix=SCHEDULED
// RUN: not tenon-opt %s --tenon-verify-contract=phase=late -o /dev/null 2>&1 | FileCheck %s --check-prefix=PHASE

// PHASE: error: expected phase imported, optimized or scheduled, but got 'late'

!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
module attributes {tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 96>} {
  tenon.archive @a "model.gguf"
  // SCHEDULED-DAG: 'tenon.weight' op expected a packing of a weight that is read
  tenon.weight @w shape [16] of [#tenon.scheme<f32>] = stored @a["w"]
  func.func @f(%x: tensor<?x16xf32>, %c: !kv, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> (tensor<?x16xf32>, !kv, !kv) attributes {tenon.entry} {
    %l = arith.constant 0 : index
    %w = tenon.weight.at @w : !tenon.weight<16, [f32]>
    // OPTIMIZED-DAG: 'arith.addf' op expected work inside a tenon.kernel
    %z = arith.addf %x, %x : tensor<?x16xf32>
    // SCHEDULED-DAG: 'tenon.kernel' op expected a schedule
    %y = tenon.kernel "norm" (%z, %w) : (tensor<?x16xf32>, !tenon.weight<16, [f32]>) -> tensor<?x16xf32> {
    ^kernel(%a: tensor<?x16xf32>, %b: !tenon.weight<16, [f32]>):
      %n = tenon.norm rms %a, %b {eps = 1.0e-5 : f32} : tensor<?x16xf32>, !tenon.weight<16, [f32]>
      tenon.yield %n : tensor<?x16xf32>
    }
    // A kernel that appends consumes its cache, one that reads does not.
    %r = tenon.kernel "read" (%c, %l, %q, %p) : (!kv, index, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32> {
    ^kernel(%d: !kv, %i: index, %b: tensor<?x2x8xf32>, %s: tensor<?xi32>):
      %o, %e = tenon.attention full %b, %d[%i], %s {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
      tenon.yield %o : tensor<?x2x8xf32>
    }
    %c1 = tenon.kernel "append" (%c, %l, %q, %p) : (!kv, index, tensor<?x2x8xf32>, tensor<?xi32>) -> !kv {
    ^kernel(%d: !kv, %i: index, %b: tensor<?x2x8xf32>, %s: tensor<?xi32>):
      %d1 = tenon.cache.append %d[%i], %b, %b, %s : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
      tenon.yield %d1 : !kv
    }
    // OPTIMIZED-DAG: 'func.return' op expected a cache that nothing else consumes
    return %y, %c1, %c : tensor<?x16xf32>, !kv, !kv
  }
}
