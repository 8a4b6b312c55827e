// RUN: tenon-opt %s --convert-to-llvm | FileCheck %s

// Other processors have no pause of x86.
// CHECK: llvm.func internal @tenon_barrier
// CHECK-NOT: sse2
// CHECK: llvm.call_intrinsic "llvm.aarch64.isb"
// CHECK-NOT: sse2
module attributes {llvm.target_triple = "aarch64-linux-gnu"} {
  func.func @wait(%job: !tenon_rt.job) {
    tenon_rt.barrier %job
    return
  }
}
