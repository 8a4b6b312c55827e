// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-form-kernels,tenon-fuse-additions,tenon-fuse-rows))' --split-input-file | FileCheck %s

// Neighbours become one, whether or not one reads the other.
// CHECK-LABEL: func.func @neighbours
// CHECK: %[[R:.*]]:2 = tenon.kernel "norm+gate"(%arg0, %arg2, %arg1)
// CHECK-NOT: tenon.kernel
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @neighbours(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %v: !tenon.weight<32, [f32]>) -> (tensor<?x32xf32>, tensor<?x32xf32>) attributes {tenon.entry} {
  %n = tenon.norm rms %x, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %m = tenon.norm rms %y, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %g = tenon.gate silu %n, %m : tensor<?x32xf32>
  %s = arith.addf %g, %x : tensor<?x32xf32>
  return %m, %s : tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// A contraction between them keeps them apart, and an addition that it has
// taken is no row work.
// CHECK-LABEL: func.func @gap
// CHECK: %[[N:.*]] = tenon.kernel "norm"
// CHECK: tenon.kernel "linear"(%{{.*}}, %{{.*}}, %[[N]])
// CHECK: tenon.kernel "norm"
// CHECK: return
func.func @gap(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>, %v: !tenon.weight<32, [f32]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %n = tenon.norm rms %x, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %z = arith.addf %a, %n : tensor<?x32xf32>
  %m = tenon.norm rms %z, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  return %m : tensor<?x32xf32>
}

// -----

// Neighbours are those without other work between them.
// CHECK-LABEL: func.func @apart
// CHECK: tenon.kernel "norm"
// CHECK: tenon.kernel "linear"
// CHECK: tenon.kernel "norm"
// CHECK: return
func.func @apart(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>, %v: !tenon.weight<32, [f32]>) -> (tensor<?x32xf32>, tensor<?x32xf32>) attributes {tenon.entry} {
  %n = tenon.norm rms %x, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %m = tenon.norm rms %a, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  return %n, %m : tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// A kernel loops over rows of one kind, and chosen rows start one.
// CHECK-LABEL: func.func @two_row_spaces
// CHECK: tenon.kernel "rows"
// CHECK: tenon.kernel "norm"
// CHECK: tenon.kernel "rows"
// CHECK: arith.addf
func.func @two_row_spaces(%x: tensor<?x32xf32>, %i: tensor<?xi32>, %v: !tenon.weight<32, [f32]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %r = tenon.rows %x, %i : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %n = tenon.norm rms %x, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %s = tenon.rows %n, %i : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %z = arith.addf %r, %s : tensor<?x32xf32>
  return %z : tensor<?x32xf32>
}

// -----

// Chosen rows stay chosen through the layers.
// CHECK-LABEL: func.func @chosen_in_layers
// CHECK: tenon.kernel "rows"
// CHECK: tenon.stack
// CHECK: tenon.kernel "norm"
// CHECK: tenon.kernel "norm"
// CHECK: return
func.func @chosen_in_layers(%x: tensor<?x32xf32>, %i: tensor<?xi32>, %v: !tenon.weight<32, [f32]>) -> (tensor<?x32xf32>, tensor<?x32xf32>) attributes {tenon.entry} {
  %r = tenon.rows %x, %i : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %y:2 = tenon.stack 0 to 2 (%r, %x) : tensor<?x32xf32>, tensor<?x32xf32> {
  ^layer(%l: index, %h: tensor<?x32xf32>, %g: tensor<?x32xf32>):
    %n = tenon.norm rms %h, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
    %m = tenon.norm rms %g, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
    tenon.yield %n, %m : tensor<?x32xf32>, tensor<?x32xf32>
  }
  return %y#0, %y#1 : tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// Work before the layers is not work inside them.
// CHECK-LABEL: func.func @before_layers
// CHECK: tenon.kernel "norm"
// CHECK: tenon.stack
// CHECK: tenon.kernel "elementwise"
func.func @before_layers(%x: tensor<?x32xf32>, %v: !tenon.weight<32, [f32]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %n = tenon.norm rms %x, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %y = tenon.stack 0 to 2 (%n) : tensor<?x32xf32> {
  ^layer(%l: index, %h: tensor<?x32xf32>):
    %z = arith.addf %h, %x : tensor<?x32xf32>
    tenon.yield %z : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}
