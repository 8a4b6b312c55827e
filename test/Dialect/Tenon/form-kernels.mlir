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
