// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-to-scheduled -o %t
// RUN: tenon-opt %t "--tenon-to-kernels=profile" | FileCheck %s
// RUN: tenon-opt %t --tenon-to-kernels | FileCheck %s --check-prefix=PLAIN

// Nothing is marked unless it is asked for.
// PLAIN-NOT: tenon_rt.mark
// PLAIN-NOT: has_marks

// Every worker marks both sides of its part: what it claims lies within, the
// barrier does not.
// CHECK-LABEL: func.func @tenon_chunk(%{{.*}}: !tenon_rt.job, %{{.*}}: index)
// CHECK: tenon_rt.mark begin 0 of %[[JOB:.*]] by %[[WORKER:.*]]
// CHECK: call @k_embedding_
// CHECK: tenon_rt.mark end 0 of %[[JOB]] by %[[WORKER]]
// CHECK: scf.for %[[LAYER:.*]] =
// CHECK: call @k_norm_
// CHECK: tenon_rt.mark end 2 of %[[JOB]] by %[[WORKER]] at %[[LAYER]]
// CHECK-NEXT: tenon_rt.barrier
// CHECK-NEXT: tenon_rt.mark begin 3 of %[[JOB]] by %[[WORKER]] at %[[LAYER]]
// CHECK-NOT: tenon_rt.mark
// CHECK: tenon_rt.claim
// CHECK-NOT: tenon_rt.mark
// CHECK: call @k_attn_q_attn_k_attn_v_
// CHECK: tenon_rt.mark end 3 of %[[JOB]] by %[[WORKER]] at %[[LAYER]]
// CHECK-NEXT: tenon_rt.barrier

// What the last worker to arrive does for all bears its number too, between the
// two halves of the barrier.
// CHECK-LABEL: func.func @tenon_step
// CHECK: tenon_rt.arrive
// CHECK: tenon_rt.mark begin [[ROPE:[0-9]+]] of
// CHECK: call @k_rope_
// CHECK: tenon_rt.mark end [[ROPE]] of
// CHECK-NEXT: tenon_rt.mark begin [[APPEND:[0-9]+]] of
// CHECK-NOT: tenon_rt.mark
// CHECK: call @k_cache_append_
// CHECK: tenon_rt.mark end [[APPEND]] of
// CHECK-NEXT: tenon_rt.release

// CHECK-LABEL: func.func @tenon_batch
// CHECK: tenon_rt.mark begin 0 of

// CHECK: tenon_rt.artifact "model" {{.*}}has_marks = true
