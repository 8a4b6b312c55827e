// RUN: tenon-opt %s --canonicalize --split-input-file | FileCheck %s
// RUN: tenon-opt %s --cse --split-input-file | FileCheck %s --check-prefix=CSE

// No layer to run: the inits are the results.
// CHECK-LABEL: func.func @no_layers
// CHECK-NOT: tenon.stack
// CHECK: return %arg0
func.func @no_layers(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = tenon.stack 2 to 2 (%x) : tensor<?x8xf32> {
  ^layer(%l: index, %h: tensor<?x8xf32>):
    %a = arith.addf %h, %h : tensor<?x8xf32>
    tenon.yield %a : tensor<?x8xf32>
  }
  return %y : tensor<?x8xf32>
}

// -----

// A value that every layer passes on unchanged is not carried.
// CHECK-LABEL: func.func @invariant
// CHECK: %[[R:.*]] = tenon.stack 0 to 2(%arg0) : tensor<?x8xf32>
// CHECK: arith.addf %{{.*}}, %arg1
// CHECK: return %[[R]], %arg1
func.func @invariant(%x: tensor<?x8xf32>, %z: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y:2 = tenon.stack 0 to 2 (%x, %z) : tensor<?x8xf32>, tensor<?x8xf32> {
  ^layer(%l: index, %h: tensor<?x8xf32>, %c: tensor<?x8xf32>):
    %a = arith.addf %h, %c : tensor<?x8xf32>
    tenon.yield %a, %c : tensor<?x8xf32>, tensor<?x8xf32>
  }
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Results and operands of a kernel that nobody uses go; operands that are given
// twice arrive once.
// CHECK-LABEL: func.func @kernel
// CHECK: %[[R:.*]] = tenon.kernel "k"(%arg0) : (tensor<?x8xf32>) -> tensor<?x8xf32> {
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x8xf32>):
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[A]], %[[A]]
// CHECK-NEXT: tenon.yield %[[S]] :
// CHECK: return %[[R]]
func.func @kernel(%x: tensor<?x8xf32>, %z: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y:2 = tenon.kernel "k" (%x, %z, %x) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  ^kernel(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>, %c: tensor<?x8xf32>):
    %s = arith.addf %a, %c : tensor<?x8xf32>
    %t = arith.mulf %a, %b : tensor<?x8xf32>
    tenon.yield %s, %t : tensor<?x8xf32>, tensor<?x8xf32>
  }
  return %y#0 : tensor<?x8xf32>
}

// -----

// A weight that is read twice is read once.
// CSE-LABEL: func.func @weights
// CSE: tenon.weight.at
// CSE-NOT: tenon.weight.at
tenon.archive @a "model.gguf"
tenon.weight @w shape [8] of [#tenon.scheme<f32>] = stored @a["w"]
func.func @weights(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w0 = tenon.weight.at @w : !tenon.weight<8, [f32]>
  %n0 = tenon.norm rms %x, %w0 {eps = 1.0e-5 : f32} : tensor<?x8xf32>, !tenon.weight<8, [f32]>
  %w1 = tenon.weight.at @w : !tenon.weight<8, [f32]>
  %n1 = tenon.norm rms %n0, %w1 {eps = 1.0e-5 : f32} : tensor<?x8xf32>, !tenon.weight<8, [f32]>
  return %n1 : tensor<?x8xf32>
}

// -----

// A read of an old cache does not move past the append and is not merged with
// a read of the new one.
// CHECK-LABEL: func.func @order
// CHECK: tenon.attention full %{{.*}}, %arg0
// CHECK: %[[C:.*]] = tenon.cache.append
// CHECK: tenon.attention full %{{.*}}, %[[C]]
// CSE-LABEL: func.func @order
// CSE: tenon.attention full %{{.*}}, %arg0
// CSE: %[[C:.*]] = tenon.cache.append
// CSE: tenon.attention full %{{.*}}, %[[C]]
!kv = !tenon.cache<kv, layers = 1, heads = 2, dim = 8, rope = post, pos = original, k = f16, v = f16, layout = contiguous>
func.func @order(%c: !kv, %l: index, %q: tensor<?x2x8xf32>, %p: tensor<?xi32>) -> (tensor<?x2x8xf32>, tensor<?x2x8xf32>, !kv) {
  %o0, %s0 = tenon.attention full %q, %c[%l], %p {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
  %c1 = tenon.cache.append %c[%l], %q, %q, %p : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, !kv
  %o1, %s1 = tenon.attention full %q, %c1[%l], %p {scale = 1.0 : f32} : tensor<?x2x8xf32>, !kv, tensor<?xi32> -> tensor<?x2x8xf32>, tensor<?x2xf32>
  return %o0, %o1, %c1 : tensor<?x2x8xf32>, tensor<?x2x8xf32>, !kv
}
