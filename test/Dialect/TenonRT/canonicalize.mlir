// RUN: tenon-opt %s --canonicalize | FileCheck %s

// A table whose values are all equal, or whose index is known, is a constant;
// an index outside the table is left alone.
// CHECK-LABEL: func.func @table
// CHECK-DAG: %[[A:.*]] = arith.constant 7 : index
// CHECK-DAG: %[[B:.*]] = arith.constant 64 : index
// CHECK: %[[C:.*]] = tenon_rt.table [0, 64]
// CHECK: %[[D:.*]] = tenon_rt.table [0, 64]
// CHECK: return %[[A]], %[[B]], %[[C]], %[[D]]
func.func @table(%l: index) -> (index, index, index, index) {
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %a = tenon_rt.table [7, 7] at %l
  %b = tenon_rt.table [0, 64] at %one
  %c = tenon_rt.table [0, 64] at %two
  %d = tenon_rt.table [0, 64] at %l
  return %a, %b, %c, %d : index, index, index, index
}

// A barrier stays where it is.
// CHECK-LABEL: func.func @barrier
// CHECK: memref.store
// CHECK-NEXT: tenon_rt.barrier
// CHECK-NEXT: memref.load
func.func @barrier(%job: !tenon_rt.job, %m: memref<f32>, %x: f32) -> f32 {
  memref.store %x, %m[] : memref<f32>
  tenon_rt.barrier %job
  %y = memref.load %m[] : memref<f32>
  return %y : f32
}
