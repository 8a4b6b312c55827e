// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --verify-roundtrip -o /dev/null
// RUN: tenon-opt %s --emit-bytecode | tenon-opt | FileCheck %s

// CHECK: tenon_rt.artifact "m" {{.*}}cache_type = "f16"
tenon_rt.artifact "m" {vocab = 96 : i64, context = 64 : i64, layers = 2 : i64, cache_layer_slot_bytes = 64 : i64, cache_type = "f16", cpu = "x86-64-v3", weights_bytes = 4096 : i64}
// CHECK: tenon_rt.entry "step" calls "tenon_step" {arena_bytes = 64 : i64, max_rows = 1 : i64, scratch_bytes = 32 : i64}
tenon_rt.entry "step" calls "tenon_step" {max_rows = 1 : i64, arena_bytes = 64 : i64, scratch_bytes = 32 : i64}

// CHECK: tenon_rt.artifact "p" {{.*}}has_marks = true
tenon_rt.artifact "p" {vocab = 96 : i64, context = 64 : i64, layers = 2 : i64, cache_layer_slot_bytes = 64 : i64, cache_type = "f16", cpu = "x86-64-v3", weights_bytes = 4096 : i64, has_marks = true}

// CHECK-LABEL: func.func @step(%arg0: !tenon_rt.job, %arg1: index)
func.func @step(%job: !tenon_rt.job, %l: index) -> index {
  // CHECK: %[[ROWS:.*]] = tenon_rt.number rows of %arg0
  %rows = tenon_rt.number rows of %job
  // CHECK: %[[OFFSET:.*]] = tenon_rt.table [0, 64, 256] at %arg1
  %offset = tenon_rt.table [0, 64, 256] at %l
  // CHECK: tenon_rt.buffer arena of %arg0 at %[[OFFSET]] sizes(%[[ROWS]]) : memref<?x32xf32>
  %x = tenon_rt.buffer arena of %job at %offset sizes (%rows) : memref<?x32xf32>
  // CHECK: tenon_rt.buffer weights of %arg0 : memref<16xi8>
  %w = tenon_rt.buffer weights of %job : memref<16xi8>
  // CHECK: tenon_rt.number capacity of %arg0 row %arg1
  %capacity = tenon_rt.number capacity of %job row %l
  // CHECK: tenon_rt.buffer cache of %arg0 row %arg1 at %[[OFFSET]] sizes(%{{.*}}) : memref<?xf16>
  %cache = tenon_rt.buffer cache of %job row %l at %offset sizes (%capacity) : memref<?xf16>
  // CHECK: tenon_rt.barrier %arg0
  tenon_rt.barrier %job
  // CHECK: tenon_rt.arrive %arg0
  %last = tenon_rt.arrive %job
  scf.if %last {
    // CHECK: tenon_rt.release %arg0
    tenon_rt.release %job
  }
  // CHECK: tenon_rt.claim %arg0
  %unit = tenon_rt.claim %job
  // CHECK: tenon_rt.mark begin 3 of %arg0 by %[[ROWS]] at %arg1
  tenon_rt.mark begin 3 of %job by %rows at %l
  // CHECK: tenon_rt.mark end 3 of %arg0 by %[[ROWS]]
  tenon_rt.mark end 3 of %job by %rows
  return %offset : index
}
