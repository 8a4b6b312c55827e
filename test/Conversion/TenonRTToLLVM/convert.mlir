// RUN: tenon-opt %s --convert-to-llvm --reconcile-unrealized-casts | FileCheck %s

// CHECK-DAG: llvm.mlir.global internal constant @tenon_table_0(dense<[0, 64]>
// CHECK-DAG: llvm.mlir.global internal constant @tenon_table_1(dense<[7, 8, 9]>

// A number is a 64-bit word of the job.
// CHECK-LABEL: llvm.func @number(%{{.*}}: !llvm.ptr) -> i64
// CHECK: %[[P:.*]] = llvm.getelementptr inbounds %{{.*}}[13] : (!llvm.ptr) -> !llvm.ptr, i64
// CHECK: %[[N:.*]] = llvm.load %[[P]] invariant {alignment = 8 : i64}
// CHECK: llvm.return %[[N]]
func.func @number(%job: !tenon_rt.job) -> index {
  %0 = tenon_rt.number capacity of %job
  return %0 : index
}

// A buffer starts `offset` bytes behind the pointer; strides are products of
// the sizes within.
// CHECK-LABEL: llvm.func @buffer
// CHECK-SAME: (%{{.*}}: !llvm.ptr, %[[OFFSET:.*]]: i64, %[[N:.*]]: i64, %[[M:.*]]: i64)
// CHECK: llvm.getelementptr inbounds %{{.*}}[7]
// CHECK: %[[BASE:.*]] = llvm.load {{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK: %[[AT:.*]] = llvm.getelementptr inbounds %[[BASE]][%[[OFFSET]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: llvm.insertvalue %[[AT]], %{{.*}}[0]
// CHECK: llvm.insertvalue %[[AT]], %{{.*}}[1]
// CHECK: llvm.insertvalue %[[M]], %{{.*}}[3, 2]
// CHECK: %[[S1:.*]] = llvm.mul %{{.*}}, %[[M]]
// CHECK: llvm.insertvalue %[[S1]], %{{.*}}[4, 1]
// CHECK: %[[S0:.*]] = llvm.mul %[[S1]], %{{.*}}
// CHECK: llvm.insertvalue %[[N]], %{{.*}}[3, 0]
// CHECK: llvm.insertvalue %[[S0]], %{{.*}}[4, 0]
func.func @buffer(%job: !tenon_rt.job, %offset: index, %n: index, %m: index) -> memref<?x3x?xf32> {
  %0 = tenon_rt.buffer arena of %job at %offset sizes (%n, %m) : memref<?x3x?xf32>
  return %0 : memref<?x3x?xf32>
}

// A row's sequence has four of the fields.
// CHECK-LABEL: llvm.func @sequence
// CHECK-SAME: (%[[JOB:.*]]: !llvm.ptr, %[[ROW:.*]]: i64)
// CHECK: %[[P:.*]] = llvm.getelementptr inbounds %[[JOB]][136] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: %[[TABLE:.*]] = llvm.load %[[P]] invariant
// CHECK: %[[OWN:.*]] = llvm.getelementptr inbounds %[[TABLE]][%[[ROW]]] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<4 x i64>
// CHECK: llvm.getelementptr inbounds %[[OWN]][2] : (!llvm.ptr) -> !llvm.ptr, i64
func.func @sequence(%job: !tenon_rt.job, %row: index) -> index {
  %0 = tenon_rt.number slots_used of %job row %row
  return %0 : index
}

// A mark is a call of the job's function: twice the kernel's number, one more
// at the end.
// CHECK-LABEL: llvm.func @mark
// CHECK-SAME: (%[[JOB:.*]]: !llvm.ptr, %[[WORKER:.*]]: i64, %[[LAYER:.*]]: i64)
// CHECK: %[[P:.*]] = llvm.getelementptr inbounds %[[JOB]][144] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: %[[HOOK:.*]] = llvm.load %[[P]]
// CHECK: %[[BEGIN:.*]] = llvm.mlir.constant(6 : i64)
// CHECK: llvm.call %[[HOOK]](%[[JOB]], %[[WORKER]], %[[BEGIN]], %[[LAYER]])
// CHECK: %[[END:.*]] = llvm.mlir.constant(7 : i64)
// CHECK: %[[NONE:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: llvm.call %{{.*}}(%[[JOB]], %[[WORKER]], %[[END]], %[[NONE]])
func.func @mark(%job: !tenon_rt.job, %worker: index, %l: index) {
  tenon_rt.mark begin 3 of %job by %worker at %l
  tenon_rt.mark end 3 of %job by %worker
  return
}

// Equal tables share a constant.
// CHECK-LABEL: llvm.func @table
// CHECK: %[[T0:.*]] = llvm.mlir.addressof @tenon_table_0
// CHECK: llvm.getelementptr inbounds %[[T0]][0, %{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<2 x i64>
// CHECK: llvm.mlir.addressof @tenon_table_1
// CHECK: llvm.mlir.addressof @tenon_table_0
func.func @table(%l: index) -> (index, index, index) {
  %0 = tenon_rt.table [0, 64] at %l
  %1 = tenon_rt.table [7, 8, 9] at %l
  %2 = tenon_rt.table [0, 64] at %l
  return %0, %1, %2 : index, index, index
}

// CHECK-LABEL: llvm.func @wait
// CHECK-COUNT-2: llvm.call @tenon_barrier(%{{.*}}) : (!llvm.ptr) -> ()
func.func @wait(%job: !tenon_rt.job) {
  tenon_rt.barrier %job
  tenon_rt.barrier %job
  return
}

// CHECK-LABEL: llvm.func @halves
// CHECK: %[[LAST:.*]] = llvm.call @tenon_arrive(%{{.*}}) : (!llvm.ptr) -> i1
// CHECK: llvm.call @tenon_release(%{{.*}}) : (!llvm.ptr) -> ()
// CHECK: llvm.return %[[LAST]]
func.func @halves(%job: !tenon_rt.job) -> i1 {
  %last = tenon_rt.arrive %job
  tenon_rt.release %job
  return %last : i1
}

// CHECK-LABEL: llvm.func @claim
// CHECK: %[[NEXT:.*]] = llvm.getelementptr inbounds %{{.*}}[320] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: llvm.atomicrmw add %[[NEXT]], %{{.*}} monotonic : !llvm.ptr, i64
func.func @claim(%job: !tenon_rt.job) -> index {
  %unit = tenon_rt.claim %job
  return %unit : index
}

// CHECK: llvm.func internal @tenon_barrier(%[[JOB:.*]]: !llvm.ptr) attributes {no_inline}
// CHECK: %[[LAST:.*]] = llvm.call @tenon_arrive(%[[JOB]])
// CHECK: llvm.cond_br %[[LAST]]
// CHECK: llvm.call @tenon_release(%[[JOB]])

// The phase is read before arriving; who waits spins first and sleeps then.
// CHECK: llvm.func internal @tenon_arrive(%[[JOB:.*]]: !llvm.ptr) -> i1
// CHECK: %[[PHASE:.*]] = llvm.getelementptr inbounds %[[JOB]][256]
// CHECK: %[[BEFORE:.*]] = llvm.load %[[PHASE]] atomic monotonic
// CHECK: %[[COUNT:.*]] = llvm.getelementptr inbounds %[[JOB]][192]
// CHECK: llvm.atomicrmw add %[[COUNT]], %{{.*}} acq_rel
// CHECK: %[[NOW:.*]] = llvm.load %{{.*}} atomic acquire
// CHECK: llvm.icmp "eq" %[[NOW]], %[[BEFORE]]
// CHECK: llvm.getelementptr inbounds %[[JOB]][112]
// CHECK: llvm.call_intrinsic "llvm.x86.sse2.pause"
// CHECK: llvm.getelementptr inbounds %[[JOB]][120]
// CHECK: llvm.call %{{.*}}(%[[JOB]], %[[BEFORE]])

// Counts are set back before the phase moves on, and sleepers are looked for
// after that.
// CHECK: llvm.func internal @tenon_release(%[[JOB:.*]]: !llvm.ptr)
// CHECK: %[[NEXT:.*]] = llvm.getelementptr inbounds %[[JOB]][320]
// CHECK: llvm.store %{{.*}}, %[[NEXT]] atomic monotonic
// CHECK: %[[COUNT:.*]] = llvm.getelementptr inbounds %[[JOB]][192]
// CHECK: llvm.store %{{.*}}, %[[COUNT]] atomic monotonic
// CHECK: llvm.store %{{.*}} atomic seq_cst
// CHECK: %[[SLEEPERS:.*]] = llvm.getelementptr inbounds %[[JOB]][260]
// CHECK: llvm.load %[[SLEEPERS]] atomic seq_cst
// CHECK: llvm.getelementptr inbounds %[[JOB]][128]
// CHECK: llvm.call %{{.*}}(%[[JOB]])
// CHECK-NOT: llvm.func internal
