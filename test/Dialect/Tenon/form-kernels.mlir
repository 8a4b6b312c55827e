// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-form-kernels))' --split-input-file | FileCheck %s
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --pass-pipeline='builtin.module(func.func(tenon-form-kernels))' | FileCheck %s --check-prefix=LLAMA

// Every op gets a kernel of its own.
// LLAMA-LABEL: func.func @forward
// LLAMA: tenon.kernel "embedding"
// LLAMA: tenon.kernel "rope_angles"
// LLAMA: tenon.stack
// LLAMA-COUNT-9: tenon.weight.at
// LLAMA-NOT: tenon.weight.at
// LLAMA: tenon.kernel "norm"
// LLAMA: tenon.kernel "attn_q"
// LLAMA: tenon.kernel "attn_k"
// LLAMA: tenon.kernel "attn_v"
// LLAMA: tenon.kernel "rope"
// LLAMA: tenon.kernel "rope"
// LLAMA: tenon.kernel "cache.append"
// LLAMA: tenon.kernel "attention"
// The log-sums are not used: the kernel does not give them.
// LLAMA: tenon.yield %{{[a-z0-9_]+}} : tensor<?x2x32xf32>
// LLAMA: tenon.kernel "attn_output"
// LLAMA: tenon.kernel "elementwise"
// LLAMA: tenon.kernel "norm"
// LLAMA: tenon.kernel "ffn_gate"
// LLAMA: tenon.kernel "ffn_up"
// LLAMA: tenon.kernel "gate"
// LLAMA: tenon.kernel "ffn_down"
// LLAMA: tenon.kernel "elementwise"
// LLAMA: tenon.kernel "rows"
// LLAMA: tenon.kernel "norm"
// LLAMA: tenon.kernel "token_embd"

// A function that is no entry stays as it is.
// CHECK-LABEL: func.func @no_entry
// CHECK-NOT: tenon.kernel
// CHECK: return
func.func @no_entry(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> {
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// -----

// Outputs that are ranked only are never written; those that others use are.
// CHECK-LABEL: func.func @best
// CHECK: tenon.kernel "linear+top_k"
// CHECK: tenon.kernel "linear"
// CHECK: tenon.kernel "top_k"
func.func @best(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>, %k: index) -> (tensor<?x4xf32>, tensor<?x4xi32>, tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x4xi32>) attributes {tenon.entry} {
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %v, %i = tenon.top_k %y, %k : tensor<?x32xf32> -> tensor<?x4xf32>, tensor<?x4xi32>
  %z = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %u, %j = tenon.top_k %z, %k : tensor<?x32xf32> -> tensor<?x4xf32>, tensor<?x4xi32>
  return %v, %i, %z, %u, %j : tensor<?x4xf32>, tensor<?x4xi32>, tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x4xi32>
}

// -----

// A value that an op reads twice is one input.
// CHECK-LABEL: func.func @twice
// CHECK: tenon.kernel "elementwise"(%arg0)
func.func @twice(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %y = arith.addf %x, %x : tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
