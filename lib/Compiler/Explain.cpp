//===- Explain.cpp - why each op became what it became --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the scheduled phase and decides nothing: the schedule is an attribute
// of the kernel, its reason follows from the kind of the schedule and from the
// bytes and operations of the kernel, which are counted here as predictions.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Explain.h"

#include "dialects/Tenon/IR/Tenon.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/Outline/KernelTable.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace tenon;

namespace {

/// "norm, linear x3, rope x2": the ops of a kernel without their dialect.
std::string listOps(KernelOp kernel) {
  llvm::MapVector<StringRef, int> counts;
  for (Operation &op : kernel.getBody().front().without_terminator())
    ++counts[op.getName().stripDialect()];
  std::string text;
  for (auto [name, count] : counts) {
    text += text.empty() ? "" : ", ";
    text += name;
    if (count > 1)
      text += " x" + std::to_string(count);
  }
  return text;
}

/// The schedule without its dialect, "step<lanes = 16, sums = 4>".
std::string describeSchedule(Attribute schedule) {
  if (!schedule)
    return "none";
  std::string text;
  llvm::raw_string_ostream stream(text);
  schedule.print(stream);
  StringRef shown(text);
  shown.consume_front("#tenon_cpu.");
  return shown.str();
}

/// What a kernel reads of weights in its first layer.
struct Weights {
  llvm::MapVector<StringRef, int64_t> formats; ///< number of matrices
  int64_t bytes = 0;
  int64_t elements = 0; ///< of matrices: one multiply-add a row each
};

Weights countWeights(KernelOp kernel) {
  Weights weights;
  for (Value input : kernel.getInputs()) {
    auto type = dyn_cast<WeightType>(input.getType());
    if (!type || type.getShape().size() != 2)
      continue;
    for (SchemeKind kind : type.getSchemes())
      ++weights.formats[stringifySchemeKind(kind)];
    const BlockFormat &format =
        SchemeAttr::get(kernel.getContext(), type.getSchemes().front())
            .getFormat();
    // An embedding reads the rows that its ids name, and multiplies nothing.
    bool lookup = !kernel.getBody().getOps<EmbeddingOp>().empty();
    int64_t rows = lookup ? 1 : type.getRows();
    weights.bytes += rows * format.rowBytes(type.getColumns());
    weights.elements += lookup ? 0 : rows * type.getColumns();
  }
  return weights;
}

std::string reason(Attribute schedule, int64_t layers) {
  std::string times =
      layers > 1 ? llvm::formatv(", {0} times", layers).str() : std::string();
  return llvm::TypeSwitch<Attribute, std::string>(schedule)
      .Case([&](cpu::StepAttr) {
        return "one row uses each weight once, so reading memory decides: "
               "weights stream once, in order, dequantised in registers" +
               times;
      })
      .Case([&](cpu::ChunkAttr attribute) {
        return llvm::formatv(
                   "many rows use each weight, so arithmetic decides: a panel "
                   "of {0} outputs is dequantised once and multiplied with "
                   "{1} rows at a time in registers{2}",
                   attribute.getLanes() * attribute.getGroups(),
                   attribute.getRows(), times)
            .str();
      })
      .Case([&](cpu::AttendAttr attribute) {
        return llvm::formatv("scores of {0} slots at a time stay in the first "
                             "cache, with a running maximum{1}",
                             attribute.getTile(), times)
            .str();
      })
      .Case([&](cpu::RowsAttr attribute) {
        switch (attribute.getSplit()) {
        case cpu::Split::None:
          return "one row is less work than a barrier: every worker computes "
                 "it for itself" +
                 times;
        default:
          return "work row by row is shared out among the workers" + times;
        }
      })
      .Default(
          [&](Attribute) { return std::string("no schedule was chosen"); });
}

void explainKernel(KernelOp kernel, llvm::raw_ostream &stream) {
  int64_t layers = 1;
  if (auto stack = kernel->getParentOfType<StackOp>())
    layers = stack.getLast() - stack.getFirst();
  stream << "  " << kernel.getName() << "\n    op         " << listOps(kernel)
         << "\n    algorithm  "
         << describeSchedule(kernel.getSchedule().value_or(Attribute()))
         << '\n';
  if (FailureOr<cpu::KernelShape> shape = cpu::classifyKernel(kernel);
      succeeded(shape)) {
    stream << "    kernel     ";
    llvm::interleaveComma(cpu::getKernelVariants(kernel).formats, stream,
                          [&](const cpu::KernelFormats &formats) {
                            stream << cpu::getKernelSymbol(kernel, *shape,
                                                           formats);
                          });
    stream << '\n';
  }
  Weights weights = countWeights(kernel);
  if (!weights.formats.empty()) {
    stream << "    reads      ";
    llvm::interleaveComma(weights.formats, stream, [&](const auto &entry) {
      stream << entry.first << " x" << entry.second;
    });
    if (weights.elements)
      stream << llvm::formatv(
          ": {0:f2} MB, {1:f2} million multiply-adds a row\n",
          weights.bytes / 1e6, weights.elements / 1e6);
    else
      stream << llvm::formatv(": {0} bytes a row\n", weights.bytes);
  }
  stream << "    why        "
         << reason(kernel.getSchedule().value_or(Attribute()), layers) << '\n';
}

} // namespace

std::string tenon::explain(ModuleOp scheduled) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (auto function : scheduled.getOps<FunctionOpInterface>()) {
    SmallVector<KernelOp> kernels;
    function->walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    if (kernels.empty())
      continue;
    stream << "entry " << function.getName();
    if (auto rows = function->getAttrOfType<IntegerAttr>(kMaxRowsAttrName))
      stream << ", up to " << rows.getInt() << " rows";
    stream << '\n';
    for (KernelOp kernel : kernels)
      explainKernel(kernel, stream);
  }
  return text;
}
