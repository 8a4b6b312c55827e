// RUN: tenon-opt %S/../../Pipelines/Inputs/top-k.mlir --tenon-to-optimized --tenon-to-scheduled -o %t.mlir
// RUN: FileCheck %s --check-prefix=KERNELS --input-file=%t.mlir
// RUN: tenon-opt %t.mlir --tenon-to-kernels | FileCheck %s

// What ranks outputs is one kernel with what computes them, in every entry.
// KERNELS-COUNT-3: tenon.kernel "token_embd+top_k"
// KERNELS-NOT: tenon.kernel "top_k"

// Every worker begins with empty lists, ranks its outputs, and the last one to
// arrive puts all lists together, which lie in the workers' scratch memories.
// CHECK: func.func @tenon_step(%[[JOB:.*]]: !tenon_rt.job, %[[WORKER:.*]]: index)
// CHECK: %[[ROWS:.*]] = tenon_rt.number top_rows of %[[JOB]]
// CHECK: %[[COUNT:.*]] = tenon_rt.number top_count of %[[JOB]]
// CHECK: %[[LOGITS:.*]] = tenon_rt.buffer top_logits of %[[JOB]] sizes(%[[ROWS]]) : memref<?x8xf32>
// CHECK: %[[IDS:.*]] = tenon_rt.buffer top_ids of %[[JOB]] sizes(%[[ROWS]]) : memref<?x8xi32>
// CHECK: scf.if
// CHECK-NEXT: func.call @k_token_embd_top_k_[[HASH:[0-9a-f]+]]_prologue(
// CHECK: func.call @k_token_embd_top_k_[[HASH]](
// CHECK: %[[LAST:.*]] = tenon_rt.arrive %[[JOB]]
// CHECK-NEXT: scf.if %[[LAST]]
// CHECK: %[[ALL:.*]] = tenon_rt.buffer scratch of %[[JOB]]
// CHECK: func.call @k_token_embd_top_k_[[HASH]]_finish({{.*}}, %[[COUNT]], %[[LOGITS]], %[[IDS]], %[[ALL]], %{{c[0-9]+}}, %{{[0-9]+}})
// CHECK-NEXT: tenon_rt.release %[[JOB]]

// CHECK: tenon_rt.artifact "model" {{.*}}top_k = 8

// What a driver cannot run is refused by its rule.
// RUN: sed 's/%arg4: index/%arg4: tensor<?xi32>/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=INDEX
// INDEX: expects different type than prior uses
// RUN: sed 's/tensor<?x50xf32>, tensor<?x8xf32>/tensor<?x50xf32>, tensor<?x50xf32>/; s/return %4, %6#0/return %4, %4/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: expected kernel 'token_embd+top_k' to use the count of the entry (its fifth argument) for values as the entry returns them, but got others
// RUN: sed 's/(%2, %arg3, /(%2, %arg2, /' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=CHOSEN
// CHOSEN: expected the best logits made by a kernel for chosen rows, and returned only
// RUN: sed 's/tenon.top_k %l1/tenon.top_k %logits/' %S/../../Pipelines/Inputs/top-k.mlir | not tenon-opt --tenon-to-optimized --tenon-to-scheduled 2>&1 | FileCheck %s --check-prefix=ALONE
// ALONE: expected a kernel that the CPU can build, but got 'tenon.top_k' in kernel 'top_k'
// ALONE: rank the outputs of a contraction that nothing else uses
