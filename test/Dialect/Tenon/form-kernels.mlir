// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --pass-pipeline='builtin.module(func.func(tenon-form-kernels))' | FileCheck %s
// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-form-kernels))' --split-input-file | FileCheck %s --check-prefix=OTHER

// Contractions of one input join, a gate and a residual join their producer,
// neighbouring rotations join, caches stand alone.

// CHECK-LABEL: func.func @forward
// CHECK: tenon.kernel "embedding"
// CHECK: tenon.kernel "rope_angles"
// CHECK: tenon.stack
// CHECK-NOT: tenon.linear
// CHECK: tenon.kernel "norm"
// CHECK: tenon.kernel "attn_q+attn_k+attn_v"
// CHECK-COUNT-3: tenon.linear
// CHECK: tenon.kernel "rope"
// CHECK-COUNT-2: tenon.rope
// CHECK: tenon.kernel "cache.append"
// CHECK: tenon.kernel "attention"
// The log-sums are not used: the kernel does not give them.
// CHECK: tenon.yield %{{[a-z0-9_]+}} : tensor<?x2x32xf32>
// CHECK: tenon.kernel "attn_output"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: tenon.linear
// CHECK-NEXT: arith.addf
// CHECK: tenon.kernel "norm"
// CHECK: tenon.kernel "ffn_gate+ffn_up+gate"
// CHECK-COUNT-2: tenon.linear
// CHECK: tenon.gate
// CHECK: tenon.kernel "ffn_down"
// CHECK: arith.addf
// CHECK: tenon.kernel "rows+norm"
// CHECK: tenon.kernel "token_embd"

// A contraction that is used twice keeps its addition outside.
// OTHER-LABEL: func.func @used_twice
// OTHER: tenon.kernel "linear"
// OTHER-NOT: arith.addf
// OTHER: tenon.yield
// OTHER: tenon.kernel "elementwise"
// OTHER: arith.addf
func.func @used_twice(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> (tensor<?x32xf32>, tensor<?x32xf32>) attributes {tenon.entry} {
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %z = arith.addf %x, %y : tensor<?x32xf32>
  return %y, %z : tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// A function that is no entry stays as it is.
// OTHER-LABEL: func.func @no_entry
// OTHER-NOT: tenon.kernel
// OTHER: return
func.func @no_entry(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> {
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// -----

// Two contractions that meet in an addition: one takes it.
// OTHER-LABEL: func.func @sum_of_two
// OTHER: %[[B:.*]] = tenon.kernel "linear"
// OTHER-NOT: arith.addf
// OTHER: tenon.yield
// OTHER: tenon.kernel "linear"(%{{.*}}, %{{.*}}, %[[B]])
// OTHER: tenon.linear
// OTHER-NEXT: arith.addf
// OTHER: return
func.func @sum_of_two(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %b = tenon.linear %y, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %z = arith.addf %a, %b : tensor<?x32xf32>
  return %z : tensor<?x32xf32>
}

// -----

// An addition that a contraction has taken ends a run of work on rows.
// OTHER-LABEL: func.func @taken_addition
// OTHER: %[[N:.*]] = tenon.kernel "norm"
// OTHER-NOT: arith.addf
// OTHER: tenon.yield
// OTHER: tenon.kernel "linear"(%{{.*}}, %{{.*}}, %[[N]])
// OTHER: return
func.func @taken_addition(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>, %v: !tenon.weight<32, [f32]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %n = tenon.norm rms %x, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %z = arith.addf %a, %n : tensor<?x32xf32>
  return %z : tensor<?x32xf32>
}

// -----

// A contraction before the layers is computed once, not once per layer.
// OTHER-LABEL: func.func @used_inside
// OTHER: %[[A:.*]] = tenon.kernel "linear"
// OTHER: tenon.stack
// OTHER: tenon.kernel "elementwise"(%{{.*}}, %[[A]])
func.func @used_inside(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %y = tenon.stack 0 to 2 (%x) : tensor<?x32xf32> {
  ^layer(%l: index, %h: tensor<?x32xf32>):
    %z = arith.addf %h, %a : tensor<?x32xf32>
    tenon.yield %z : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}

// -----

// A kernel loops over rows of one kind.
// OTHER-LABEL: func.func @two_row_spaces
// OTHER: tenon.kernel "rows"
// OTHER: tenon.kernel "norm"
// OTHER: tenon.kernel "rows"
// OTHER: arith.addf
func.func @two_row_spaces(%x: tensor<?x32xf32>, %i: tensor<?xi32>, %v: !tenon.weight<32, [f32]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %r = tenon.rows %x, %i : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %n = tenon.norm rms %x, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %s = tenon.rows %n, %i : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %z = arith.addf %r, %s : tensor<?x32xf32>
  return %z : tensor<?x32xf32>
}
