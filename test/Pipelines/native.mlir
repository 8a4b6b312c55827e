// RUN: tenon-opt %s --tenon-to-native | FileCheck %s

// Every nested module is wholly in the LLVM dialect afterwards, and the top
// level is as it was.

// CHECK: tenon.archive @gguf
// CHECK: tenon_rt.entry "step" calls "step"
tenon.archive @gguf "model.gguf"
tenon_rt.entry "step" calls "step" {max_rows = 1 : i64, arena_bytes = 4096 : i64, scratch_bytes = 0 : i64}

// CHECK: module @kernel_add {
// CHECK-NOT: unrealized
// CHECK-NOT: {{(vector|scf|cf|memref|arith|math|func)\.}}
// CHECK: llvm.func @kernel_add(
// CHECK: llvm.fmul {{.*}} : vector<16xf32>
// CHECK: llvm.intr.masked.store
module @kernel_add {
  func.func @kernel_add(%x: memref<?x20xf32>, %y: memref<?x20xf32>,
                        %first: index, %last: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0.0 : f32
    scf.for %i = %first to %last step %c1 {
      %a = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x20xf32>, vector<16xf32>
      %b = math.exp %a : vector<16xf32>
      %c = arith.mulf %a, %b fastmath<contract> : vector<16xf32>
      vector.transfer_write %c, %y[%i, %c0] {in_bounds = [true]} : vector<16xf32>, memref<?x20xf32>
      %d = vector.transfer_read %x[%i, %c16], %zero : memref<?x20xf32>, vector<16xf32>
      vector.transfer_write %d, %y[%i, %c16] : vector<16xf32>, memref<?x20xf32>
    }
    return
  }
}

// A contraction in registers, 2-D transfers, a reduction and a small buffer.
// CHECK: module @kernel_tile {
// CHECK-NOT: unrealized
// CHECK-NOT: {{(vector|scf|cf|memref|arith|math|func)\.}}
// CHECK: llvm.func @kernel_tile(
// CHECK-NOT: call @malloc
// CHECK: llvm.alloca
// CHECK: llvm.intr.fmuladd
module @kernel_tile {
  func.func @kernel_tile(%a: memref<4x8xf32>, %b: memref<8x16xf32>, %c: memref<4x16xf32>, %s: memref<?xf32>) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %buffer = memref.alloca() {alignment = 64 : i64} : memref<16xf32>
    %va = vector.transfer_read %a[%c0, %c0], %zero {in_bounds = [true, true]} : memref<4x8xf32>, vector<4x8xf32>
    %vb = vector.transfer_read %b[%c0, %c0], %zero {in_bounds = [true, true]} : memref<8x16xf32>, vector<8x16xf32>
    %vc = vector.transfer_read %c[%c0, %c0], %zero {in_bounds = [true, true]} : memref<4x16xf32>, vector<4x16xf32>
    %r = vector.contract {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>}
      %va, %vb, %vc : vector<4x8xf32>, vector<8x16xf32> into vector<4x16xf32>
    vector.transfer_write %r, %c[%c0, %c0] {in_bounds = [true, true]} : vector<4x16xf32>, memref<4x16xf32>
    %row = vector.extract %r[0] : vector<16xf32> from vector<4x16xf32>
    vector.store %row, %buffer[%c0] : memref<16xf32>, vector<16xf32>
    %back = vector.load %buffer[%c0] : memref<16xf32>, vector<16xf32>
    %sum = vector.multi_reduction <add>, %back, %zero [0] : vector<16xf32> to f32
    %n = memref.dim %s, %c0 : memref<?xf32>
    %half = arith.ceildivsi %n, %n : index
    memref.store %sum, %s[%half] : memref<?xf32>
    return
  }
}

// CHECK: module @driver {
// CHECK-NOT: unrealized
// CHECK-NOT: tenon_rt.
// CHECK-DAG: llvm.mlir.global internal constant @tenon_table_0(dense<[0, 64, 128]>
// CHECK-DAG: llvm.func @kernel_add(!llvm.ptr, !llvm.ptr, i64, i64, i64, i64, i64, {{.*}}) attributes {sym_visibility = "private"}
// CHECK: llvm.func @step(%{{.*}}: !llvm.ptr, %{{.*}}: i64)
// CHECK: llvm.call @kernel_add(
// CHECK: llvm.call @tenon_barrier(
// CHECK: llvm.func internal @tenon_barrier(
module @driver {
  func.func private @kernel_add(memref<?x20xf32>, memref<?x20xf32>, index, index)
  func.func @step(%job: !tenon_rt.job, %worker: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %rows = tenon_rt.number rows of %job
    scf.for %l = %c0 to %c3 step %c1 {
      %offset = tenon_rt.table [0, 64, 128] at %l
      %x = tenon_rt.buffer weights of %job at %offset sizes (%rows) : memref<?x20xf32>
      %y = tenon_rt.buffer arena of %job sizes (%rows) : memref<?x20xf32>
      func.call @kernel_add(%x, %y, %c0, %rows) : (memref<?x20xf32>, memref<?x20xf32>, index, index) -> ()
      tenon_rt.barrier %job
    }
    return
  }
}
