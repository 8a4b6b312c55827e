// RUN: tenon-opt %s --tenon-convert-row-kernels | FileCheck %s

// One loop over rows [first, last); sums may be taken in any order, nothing
// else may.
// CHECK-LABEL: func.func @kernel_norm
// CHECK-SAME: (%[[X:.*]]: memref<?x20xf32>, %[[W:.*]]: memref<20xf32>, %[[OUT:.*]]: memref<?x20xf32>, %[[FIRST:.*]]: index, %[[LAST:.*]]: index)
// CHECK: %[[TX:.*]] = bufferization.to_tensor %[[X]] restrict :
// CHECK: %[[TO:.*]] = bufferization.to_tensor %[[OUT]] restrict writable :
// CHECK: %[[R:.*]] = scf.for %[[I:.*]] = %[[FIRST]] to %[[LAST]] {{.*}} iter_args(%[[O:.*]] = %[[TO]])
// CHECK-DAG: %[[DEST:.*]] = tensor.extract_slice %[[O]][%[[I]], 0] [1, 20] [1, 1]
// CHECK-DAG: %[[ROW:.*]] = tensor.extract_slice %[[TX]][%[[I]], 0] [1, 20] [1, 1]
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%[[ROW]]
// CHECK: arith.mulf {{.*}} fastmath<reassoc,nsz,contract>
// CHECK: arith.addf {{.*}} fastmath<reassoc,nsz,contract>
// CHECK: math.sqrt
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]} {{.*}} outs(%[[DEST]]
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: tensor.insert_slice %{{.*}} into %[[O]][%[[I]], 0]
// CHECK: bufferization.materialize_in_destination %[[R]] in restrict writable %[[OUT]]
func.func @norm(%x: tensor<?x20xf32>, %w: !tenon.weight<20, [f16]>) {
  %0 = tenon.kernel "norm" (%x, %w) : (tensor<?x20xf32>, !tenon.weight<20, [f16]>) -> (tensor<?x20xf32>) {
  ^kernel(%a: tensor<?x20xf32>, %b: !tenon.weight<20, [f16]>):
    %r = tenon.norm rms %a, %b {eps = 1.0e-5 : f32} : tensor<?x20xf32>, !tenon.weight<20, [f16]>
    tenon.yield %r : tensor<?x20xf32>
  }
  return
}

// Rows are chosen first: what stands before `tenon.rows` runs for those only.
// CHECK-LABEL: func.func @kernel_chosen
// CHECK-SAME: (%[[X:.*]]: memref<?x20xf32>, %[[INDEX:.*]]: memref<?xi32>,
// CHECK: scf.for %[[I:[a-z0-9]+]] =
// CHECK: %[[N:.*]] = tensor.extract %{{.*}}[%[[I]]] : tensor<?xi32>
// CHECK: %[[AT:.*]] = arith.index_cast %[[N]] : i32 to index
// CHECK: tensor.extract_slice %{{.*}}[%[[AT]], 0] [1, 20] [1, 1]
// CHECK: arith.addf
func.func @chosen(%x: tensor<?x20xf32>, %i: tensor<?xi32>) {
  %0 = tenon.kernel "chosen" (%x, %i) : (tensor<?x20xf32>, tensor<?xi32>) -> (tensor<?x20xf32>) {
  ^kernel(%a: tensor<?x20xf32>, %b: tensor<?xi32>):
    %s = arith.addf %a, %a : tensor<?x20xf32>
    %r = tenon.rows %s, %b : tensor<?x20xf32>, tensor<?xi32> -> tensor<?x20xf32>
    tenon.yield %r : tensor<?x20xf32>
  }
  return
}

// Powers of the base are constants; angles are f64, results f32.
// CHECK-LABEL: module @kernel_angles
// CHECK: memref.global "private" constant @rope_frequencies_0 : memref<2xf64> = dense<[5.000000e-01, 5.000000e-03]>
// CHECK: math.cos %{{.*}} : f64
// CHECK: math.sin %{{.*}} : f64
// CHECK: arith.truncf %{{.*}} : f64 to f32
// CHECK-NOT: powf
func.func @angles(%i: tensor<?xi32>) {
  %0 = tenon.kernel "angles" (%i) : (tensor<?xi32>) -> (tensor<?x2x2xf32>) {
  ^kernel(%a: tensor<?xi32>):
    %r = tenon.rope_angles %a {base = 1.0e4 : f64, dims = 4 : i64, frequency_scale = 0.5 : f64} : tensor<?xi32> -> tensor<?x2x2xf32>
    tenon.yield %r : tensor<?x2x2xf32>
  }
  return
}

// Pairs within a head; elements behind the pairs are copied.
// CHECK-LABEL: func.func @kernel_rope
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.for %[[PAIR:[a-z0-9]+]] = %{{.*}} to %c3
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %[[PAIR]]]
// CHECK: scf.for
// CHECK: tensor.insert
func.func @rope(%x: tensor<?x2x8xf32>, %t: tensor<?x3x2xf32>) {
  %0 = tenon.kernel "rope" (%x, %t) : (tensor<?x2x8xf32>, tensor<?x3x2xf32>) -> (tensor<?x2x8xf32>) {
  ^kernel(%a: tensor<?x2x8xf32>, %b: tensor<?x3x2xf32>):
    %r = tenon.rope half_split %a, %b : tensor<?x2x8xf32>, tensor<?x3x2xf32>
    tenon.yield %r : tensor<?x2x8xf32>
  }
  return
}
