// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --emit-bytecode | tenon-opt | FileCheck %s

// CHECK-LABEL: func.func @best
func.func @best(%x: tensor<?x96xf32>, %k: index) -> (tensor<?x8xf32>, tensor<?x8xi32>) {
  // CHECK: tenon.top_k %{{.*}}, %{{.*}} : tensor<?x96xf32> -> tensor<?x8xf32>, tensor<?x8xi32>
  %v, %i = tenon.top_k %x, %k : tensor<?x96xf32> -> tensor<?x8xf32>, tensor<?x8xi32>
  return %v, %i : tensor<?x8xf32>, tensor<?x8xi32>
}
