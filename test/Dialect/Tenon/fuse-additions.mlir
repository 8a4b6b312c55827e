// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-form-kernels,tenon-fuse-additions))' --split-input-file | FileCheck %s
// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-fuse-additions))' --split-input-file | FileCheck %s --check-prefix=ALONE

// Without kernels there is nothing to fuse.
// ALONE-NOT: tenon.kernel "

// The residual may be either side.
// CHECK-LABEL: func.func @residual
// CHECK: tenon.kernel "linear"(%arg1, %arg2, %arg0)
// CHECK: tenon.linear
// CHECK-NEXT: arith.addf
// CHECK: tenon.kernel "linear"(
// CHECK: tenon.linear
// CHECK-NEXT: arith.addf
// CHECK-NOT: tenon.kernel
func.func @residual(%h: tensor<?x32xf32>, %x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %z = arith.addf %h, %y : tensor<?x32xf32>
  %u = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %v = arith.addf %u, %z : tensor<?x32xf32>
  return %v : tensor<?x32xf32>
}

// -----

// A contraction that is used twice keeps its addition outside.
// CHECK-LABEL: func.func @used_twice
// CHECK: tenon.kernel "linear"
// CHECK-NOT: arith.addf
// CHECK: tenon.yield
// CHECK: tenon.kernel "elementwise"
// CHECK: arith.addf
func.func @used_twice(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> (tensor<?x32xf32>, tensor<?x32xf32>) attributes {tenon.entry} {
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %z = arith.addf %x, %y : tensor<?x32xf32>
  return %y, %z : tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// A product added to itself has no residual.
// CHECK-LABEL: func.func @doubled
// CHECK: tenon.kernel "linear"
// CHECK-NOT: arith.addf
// CHECK: tenon.kernel "elementwise"
func.func @doubled(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %y = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %z = arith.addf %y, %y : tensor<?x32xf32>
  return %z : tensor<?x32xf32>
}

// -----

// Two contractions that meet in an addition: the first takes it.
// CHECK-LABEL: func.func @sum_of_two
// CHECK: %[[B:.*]] = tenon.kernel "linear"(%arg1, %arg2)
// CHECK-NOT: arith.addf
// CHECK: tenon.yield
// CHECK: tenon.kernel "linear"(%arg0, %arg2, %[[B]])
// CHECK: tenon.linear
// CHECK-NEXT: arith.addf
// CHECK: return
func.func @sum_of_two(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %b = tenon.linear %y, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %z = arith.addf %b, %a : tensor<?x32xf32>
  return %z : tensor<?x32xf32>
}

// -----

// A contraction before the layers is computed once, not once per layer.
// CHECK-LABEL: func.func @used_inside
// CHECK: %[[A:.*]] = tenon.kernel "linear"
// CHECK: tenon.stack
// CHECK: tenon.kernel "elementwise"(%{{.*}}, %[[A]])
func.func @used_inside(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %y = tenon.stack 0 to 2 (%x) : tensor<?x32xf32> {
  ^layer(%l: index, %h: tensor<?x32xf32>):
    %z = arith.addf %h, %a : tensor<?x32xf32>
    tenon.yield %z : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}
