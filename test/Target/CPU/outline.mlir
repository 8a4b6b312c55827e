// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels | FileCheck %s

// attn_v has two formats: two functions, chosen by a table of layers.
// CHECK-LABEL: func.func @tenon_chunk(%{{.*}}: !tenon_rt.job, %{{.*}}: index)
// CHECK: scf.for
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
// CHECK: tenon_rt.barrier

// One module per distinct kernel; row kernels serve both entries.
// CHECK-COUNT-1: module @k_norm_
// CHECK-NOT: module @k_norm_

// CHECK-DAG: tenon_rt.entry "chunk" calls "tenon_chunk" {{.*}}max_rows = 256
// CHECK-DAG: tenon_rt.entry "step" calls "tenon_step" {{.*}}max_rows = 1
// CHECK-DAG: tenon_rt.artifact "model" {{.*}}cache_layer_slot_bytes = 128
// CHECK-NOT: tenon.kernel
