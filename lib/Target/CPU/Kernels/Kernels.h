//===- Kernels.h - machine code for tenon.kernel ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One builder per shape of work, not per format: step and chunk contractions,
// attention, cache appends and embeddings. Each fills a function from three
// descriptions: the stored formats, the machine and the schedule.
//
// Arguments of a kernel function, in order: per input of the kernel
//   tensor<?xA..xf32 or bf16 or i32>   its memref; of scaled integers bytes
//   weight vector                      memref<Nxf32>, dense
//   weight matrix                      memref<?xi8>, packed
//   cache                              cells from the layer's first on
//                                      memref<?xE>, slot positions
//                                      memref<?xi32>, slots used: index
//   index                              index
// then per result that is a tensor its memref, then, except for row kernels,
// scratch: memref<?xi8>, then the range of units [first, last): index, index.
// What the parts of a kernel get in place of these three: see KernelPart.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_KERNELS_KERNELS_H
#define TENON_LIB_TARGET_CPU_KERNELS_KERNELS_H

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/Kernels/Emitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tenon::cpu {

/// What a kernel does, recognised from its region and schedule.
enum class KernelShape { Rows, Embed, Contract, Append, Attend, Merge };

/// The shape of `kernel`, or nothing when no builder fits; says why at the
/// kernel's location.
llvm::FailureOr<KernelShape> classifyKernel(KernelOp kernel);

/// Fails unless the kernel's schedule is one for work of this shape, in an
/// entry that takes up to `maxRows` rows at once.
llvm::LogicalResult checkSchedule(KernelOp kernel, KernelShape shape,
                                  int64_t maxRows);

/// Types of the function's arguments (see the file comment). `formats` gives
/// each input that is a weight the format that this variant reads.
llvm::SmallVector<mlir::Type> getKernelArgumentTypes(KernelOp kernel,
                                                     KernelShape shape);

/// A variant of a kernel: the format of each input that is a weight matrix, in
/// the order of the inputs; unused entries for other inputs.
using KernelFormats = llvm::SmallVector<SchemeKind>;

/// What a kernel whose workers have something to put together consists of; the
/// others are all work. Each part is a function of the same arguments.
enum class KernelPart {
  /// Run by each worker before its units, whose range is not looked at.
  Prologue,
  /// Run for units, the scratch memory of a worker the same from call to call.
  Work,
  /// Run once after all of them. In place of scratch and units: the scratch
  /// memory from that of the first worker on, the bytes from one worker's to
  /// the next, and the number of workers.
  Finish
};

/// The name of a part of the kernel whose work is called `name`.
std::string getPartSymbol(llvm::StringRef name, KernelPart part);

/// Fills `function`, whose entry block has the arguments above.
llvm::LogicalResult buildKernel(KernelOp kernel, KernelShape shape,
                                const KernelFormats &formats,
                                const CPUTargetOptions &target,
                                mlir::func::FuncOp function);

/// Fills the function of a part other than the work, of a kernel that has it.
void buildKernelPart(KernelOp kernel, KernelPart part,
                     mlir::func::FuncOp function);

/// How many units a kernel's work splits into, and what a worker needs.
struct KernelWork {
  /// Units are: a constant, or per row of the (first) result.
  int64_t constantUnits = 0;
  /// Rows per unit (rows / this, rounded up), times `perRowBlock` units.
  int64_t rowsPerUnit = 0;
  int64_t perRowBlock = 1;
  /// Bytes of scratch memory per worker.
  int64_t scratchBytes = 0;
  /// Whether there is a prologue and a finish.
  bool hasParts = false;
};

/// Work of `kernel` under its schedule.
KernelWork getKernelWork(KernelOp kernel, KernelShape shape);

/// A contraction as its builder sees it: y = fn(x W0) * (x W1) or x W, plus
/// bias and residual. Numbers are inputs of the kernel.
struct Contraction {
  struct Output {
    llvm::SmallVector<unsigned, 2> weights; ///< one, or gate and up
    llvm::SmallVector<int, 2> biases;       ///< -1: none
    std::optional<Fn> fn;                   ///< with two weights
    int residual = -1;                      ///< -1: none
    unsigned result = 0;
    int64_t rows = 0; ///< N
    int64_t topK = 0; ///< of N, `result` and the next: values, ids; 0: all
    unsigned count = 0;
  };
  unsigned input = 0;
  bool isInteger = false; ///< rows of scaled integers
  bool isPaired = false;  ///< rows of bf16
  int64_t columns = 0;    ///< K
  llvm::SmallVector<Output> outputs;
};

/// The contraction in a kernel's region, or nothing.
std::optional<Contraction> matchContraction(KernelOp kernel);

/// Bytes of scratch memory for a group of 16 outputs of `columns` columns as
/// bytes, with scales and minima of sub-blocks of 16 columns.
inline int64_t getIntegerPanelBytes(int64_t columns) {
  return columns * (kLanes + 8);
}

/// The same for a group of a contraction.
inline int64_t getPanelBytes(const Contraction &work) {
  if (work.isInteger)
    return getIntegerPanelBytes(work.columns);
  return work.columns * kLanes * (work.isPaired ? 2 : 4);
}

/// Bytes of scratch memory for sums of each row of a step's input over
/// sub-blocks, of two sizes at most: a multiple of 64.
inline int64_t getInputSumBytes(const Contraction &work) {
  return llvm::alignTo(kStepRows * work.columns * 4 / 8, 64);
}

/// Bytes of scratch memory that the products of a contraction take, before
/// those for its best outputs: a multiple of 64.
int64_t getProductScratch(const Contraction &contraction,
                          mlir::Attribute schedule);

/// Position of each input's and result's first function argument.
struct KernelArguments {
  llvm::SmallVector<unsigned> inputs;
  llvm::SmallVector<unsigned> results;
  unsigned scratch = 0, first = 0, last = 0;
  explicit KernelArguments(KernelOp kernel, KernelShape shape);
};

/// Bytes of a weight's packed form at one layer, without alignment: dense f32
/// for vectors, blocks of whole groups of 16 rows for matrices.
int64_t getPackedBytes(WeightOp weight, int64_t layer);

/// The same up to where the next packed form may start.
int64_t getAlignedBytes(WeightOp weight, int64_t layer);

// Builders, one file each.
llvm::LogicalResult buildStepKernel(KernelOp kernel, const Contraction &work,
                                    const KernelFormats &formats,
                                    const CPUTargetOptions &target,
                                    mlir::func::FuncOp function);
llvm::LogicalResult buildChunkKernel(KernelOp kernel, const Contraction &work,
                                     const KernelFormats &formats,
                                     const CPUTargetOptions &target,
                                     mlir::func::FuncOp function);
llvm::LogicalResult buildAttendKernel(KernelOp kernel,
                                      const CPUTargetOptions &target,
                                      mlir::func::FuncOp function);
/// One row at a time, its slots in parts if the op says so.
llvm::LogicalResult buildAttendStepKernel(KernelOp kernel,
                                          const CPUTargetOptions &target,
                                          mlir::func::FuncOp function);
llvm::LogicalResult buildMergeKernel(KernelOp kernel,
                                     mlir::func::FuncOp function);
llvm::LogicalResult buildAppendKernel(KernelOp kernel,
                                      mlir::func::FuncOp function);
llvm::LogicalResult buildEmbedKernel(KernelOp kernel,
                                     const KernelFormats &formats,
                                     const CPUTargetOptions &target,
                                     mlir::func::FuncOp function);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_KERNELS_KERNELS_H
