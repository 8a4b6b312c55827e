//===- Passes.td - passes that know a CPU ------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_PASSES_TD
#define TENON_LIB_TARGET_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

class CPUTargetPass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  list<Option> targetOptions = [
    Option<"vectorBits", "vector-bits", "unsigned", "256",
           "bits of a vector register: 128, 256 or 512">,
    Option<"vectorRegisters", "vector-registers", "unsigned", "16",
           "vector registers: 16 or 32">,
    Option<"cacheBytes", "cache-bytes", "uint64_t", "1 << 20",
           "bytes of a core's second-level cache">,
    ListOption<"features", "features", "std::string",
               "instructions that code may use, LLVM's names">,
  ];
}

def ScheduleKernelsPass : CPUTargetPass<"tenon-cpu-schedule"> {
  let summary = "Chooses how kernels run and how weights are packed.";
  let description = [{
    Attaches a `#tenon_cpu` schedule to each kernel that has none and a packing
    and offsets to each weight. Tile sizes follow from the registers and the
    cache of the target. Changes no value.
  }];
  let options = targetOptions;
  let dependentDialects = ["::tenon::cpu::TenonCPUDialect"];
}

def OutlineKernelsPass : CPUTargetPass<"tenon-cpu-outline-kernels"> {
  let summary = "Turns kernels into functions and entries into drivers.";
  let description = [{
    Each distinct kernel, with each tuple of formats that a layer uses, becomes
    a function in a module of its own; an entry becomes an SPMD driver that
    calls them. Values between kernels get places in the job's arena (shared)
    or in a worker's scratch memory (kernels with `split = none`), reused when
    nobody can read them any more. Workers meet in a barrier after each kernel
    whose work is shared out.
  }];
  let options = !listconcat(targetOptions, [
    Option<"cpu", "cpu", "std::string", "\"x86-64-v3\"",
           "name of the CPU, kept in the artifact's description">,
    Option<"artifactName", "name", "std::string", "\"model\"",
           "name of the artifact">,
    Option<"hasMarks", "marks", "bool", "false",
           "calls of the runtime before and after each kernel, for profiles">,
  ]);
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::tenon::rt::TenonRTDialect",
  ];
}

#endif // TENON_LIB_TARGET_CPU_PASSES_TD
