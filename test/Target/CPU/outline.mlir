// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels | FileCheck %s

// attn_v has two formats: two functions, chosen by a table of layers.
// CHECK-LABEL: func.func @tenon_chunk(%{{.*}}: !tenon_rt.job, %{{.*}}: index)
// Panels of weights are claimed one by one.
// CHECK: scf.for
// CHECK: scf.while
// CHECK: %[[UNIT:.*]] = tenon_rt.claim
// CHECK: scf.condition(%{{.*}}) %[[UNIT]]
// CHECK: tenon_rt.table [0, 1]
// CHECK: scf.index_switch
// CHECK: call @k_attn_q_attn_k_attn_v_
// CHECK: call @k_attn_q_attn_k_attn_v_
// CHECK: tenon_rt.barrier

// CHECK-LABEL: func.func @tenon_step
// One row is normalised by every worker in memory of its own: no barrier.
// CHECK: scf.for
// CHECK: tenon_rt.buffer scratch
// CHECK: call @k_norm_
// CHECK-NOT: tenon_rt.barrier
// CHECK: call @k_attn_q_attn_k_attn_v_
// CHECK-NOT: tenon_rt.barrier

// The last worker to arrive rotates and appends the one row; then all rotate
// for themselves.
// CHECK: %[[LAST:.*]] = tenon_rt.arrive
// CHECK: scf.if %[[LAST]]
// CHECK: call @k_rope_
// CHECK: call @k_cache_append_
// CHECK: tenon_rt.release
// CHECK: call @k_rope_
// CHECK-NOT: call @k_cache_append_
// Parts of the cache are one range per worker; each worker merges them all.
// CHECK-NOT: tenon_rt.claim
// CHECK: call @k_attention_
// CHECK: tenon_rt.barrier
// CHECK-NOT: tenon_rt.barrier
// CHECK: call @k_merge_parts_

// Rows of a batch belong to sequences of their own. Short caches: a worker does
// whole rows from one projection to the next.
// CHECK-LABEL: func.func @tenon_batch
// CHECK: tenon_rt.number slots_used of %{{.*}} row
// CHECK: memref.extract_aligned_pointer_as_index
// CHECK: arith.cmpi eq
// CHECK: %[[APART:.*]] = arith.cmpi eq
// CHECK: %[[FAIR:.*]] = arith.cmpi ule
// CHECK: %[[SHORT:.*]] = arith.andi %[[APART]], %[[FAIR]]
// CHECK: call @k_attn_q_attn_k_attn_v_
// CHECK: tenon_rt.barrier
// CHECK: scf.if %[[SHORT]]
// CHECK: scf.for %[[ROW:[^ ]*]] = %arg1 to
// CHECK: call @k_rope_
// CHECK-NOT: tenon_rt.barrier
// CHECK: scf.for %[[ROW:[^ ]*]] = %arg1 to
// CHECK: tenon_rt.number capacity of %{{.*}} row %[[ROW]]
// CHECK: tenon_rt.buffer cache of %{{.*}} row %[[ROW]] at
// CHECK: tenon_rt.number slots_used of %{{.*}} row %[[ROW]]
// CHECK: call @k_cache_append_
// CHECK-NOT: tenon_rt.barrier
// CHECK: call @k_attention_
// CHECK-NOT: tenon_rt.barrier
// CHECK: call @k_merge_parts_
// CHECK-NOT: tenon_rt.barrier
// CHECK: call @k_quantize_

// Others: the units of each row are shared out.
// CHECK: } else {
// CHECK: call @k_rope_
// CHECK: tenon_rt.barrier
// CHECK: scf.for %[[ROW:[^ ]*]] =
// CHECK: %[[TURNED:.*]] = arith.addi %arg1, %[[ROW]]
// CHECK: arith.remui %[[TURNED]],
// CHECK: call @k_cache_append_
// CHECK: tenon_rt.barrier
// CHECK-NOT: tenon_rt.claim
// CHECK: scf.for %[[ROW:[^ ]*]] =
// CHECK: arith.remui
// CHECK: tenon_rt.buffer slot_positions of %{{.*}} row %[[ROW]]
// CHECK: call @k_attention_
// CHECK: tenon_rt.barrier
// CHECK: call @k_merge_parts_
// CHECK: tenon_rt.barrier
// CHECK: call @k_quantize_
// CHECK: tenon_rt.barrier

// One module per distinct kernel; row kernels serve both entries.
// CHECK-COUNT-1: module @k_norm_
// CHECK-NOT: module @k_norm_

// CHECK-DAG: tenon_rt.entry "chunk" calls "tenon_chunk" {{.*}}max_rows = 256
// CHECK-DAG: tenon_rt.entry "batch" calls "tenon_batch" {{.*}}max_rows = 8
// CHECK-DAG: tenon_rt.entry "step" calls "tenon_step" {{.*}}max_rows = 1
// CHECK-DAG: tenon_rt.artifact "model" {{.*}}cache_layer_slot_bytes = 128
// CHECK-NOT: tenon.kernel
