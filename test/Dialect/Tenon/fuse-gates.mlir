// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-form-kernels,tenon-fuse-gates))' --split-input-file | FileCheck %s

// Both sides and the gate become one; their order does not matter.
// CHECK-LABEL: func.func @gate
// CHECK: tenon.kernel "linear+gate"(%arg0, %arg2, %arg1)
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x32xf32>, %[[U:.*]]: !tenon.weight<64x32, [q8_0]>, %[[G:.*]]: !tenon.weight<64x32, [q4_0]>)
// CHECK-NEXT: %[[UP:.*]] = tenon.linear %[[X]], %[[U]]
// CHECK-NEXT: %[[GATE:.*]] = tenon.linear %[[X]], %[[G]]
// CHECK-NEXT: %[[F:.*]] = tenon.gate silu %[[GATE]], %[[UP]]
// CHECK-NEXT: tenon.yield %[[F]]
// CHECK-NOT: tenon.kernel
func.func @gate(%x: tensor<?x32xf32>, %wg: !tenon.weight<64x32, [q4_0]>, %wu: !tenon.weight<64x32, [q8_0]>) -> tensor<?x64xf32> attributes {tenon.entry} {
  %u = tenon.linear %x, %wu : (tensor<?x32xf32>, !tenon.weight<64x32, [q8_0]>) -> tensor<?x64xf32>
  %g = tenon.linear %x, %wg : (tensor<?x32xf32>, !tenon.weight<64x32, [q4_0]>) -> tensor<?x64xf32>
  %f = tenon.gate silu %g, %u : tensor<?x64xf32>
  return %f : tensor<?x64xf32>
}

// -----

// Sides of different inputs stay apart.
// CHECK-LABEL: func.func @two_inputs
// CHECK: tenon.kernel "linear"
// CHECK: tenon.kernel "linear"
// CHECK: tenon.kernel "gate"
func.func @two_inputs(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %w: !tenon.weight<64x32, [q4_0]>) -> tensor<?x64xf32> attributes {tenon.entry} {
  %u = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<64x32, [q4_0]>) -> tensor<?x64xf32>
  %g = tenon.linear %y, %w : (tensor<?x32xf32>, !tenon.weight<64x32, [q4_0]>) -> tensor<?x64xf32>
  %f = tenon.gate silu %g, %u : tensor<?x64xf32>
  return %f : tensor<?x64xf32>
}

// -----

// A side that somebody else reads has to be written anyway.
// CHECK-LABEL: func.func @side_used_elsewhere
// CHECK: tenon.kernel "linear"
// CHECK: tenon.kernel "linear"
// CHECK: tenon.kernel "gate"
func.func @side_used_elsewhere(%x: tensor<?x32xf32>, %w: !tenon.weight<64x32, [q4_0]>, %v: !tenon.weight<64x32, [q4_0]>) -> (tensor<?x64xf32>, tensor<?x64xf32>) attributes {tenon.entry} {
  %u = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<64x32, [q4_0]>) -> tensor<?x64xf32>
  %g = tenon.linear %x, %v : (tensor<?x32xf32>, !tenon.weight<64x32, [q4_0]>) -> tensor<?x64xf32>
  %f = tenon.gate silu %g, %u : tensor<?x64xf32>
  return %f, %u : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// One product that gates itself is no pair.
// CHECK-LABEL: func.func @gates_itself
// CHECK: tenon.kernel "linear"
// CHECK: tenon.kernel "gate"
func.func @gates_itself(%x: tensor<?x32xf32>, %w: !tenon.weight<64x32, [q4_0]>) -> tensor<?x64xf32> attributes {tenon.entry} {
  %g = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<64x32, [q4_0]>) -> tensor<?x64xf32>
  %f = tenon.gate gelu %g, %g : tensor<?x64xf32>
  return %f : tensor<?x64xf32>
}

// -----

// A gate of a value that is no contraction is row work.
// CHECK-LABEL: func.func @no_contraction
// CHECK: tenon.kernel "linear"
// CHECK: tenon.kernel "gate"
func.func @no_contraction(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %g = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %f = tenon.gate relu %g, %x : tensor<?x32xf32>
  return %f : tensor<?x32xf32>
}
