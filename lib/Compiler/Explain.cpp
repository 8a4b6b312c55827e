//===- Explain.cpp - why each op became what it became --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the scheduled phase and decides nothing: the schedule is an attribute
// of the kernel, its reason follows from the kind of the schedule, and what it
// must take from the cost model.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Explain.h"

#include "dialects/Tenon/IR/Tenon.h"
#include "dialects/TenonCPU/IR/TenonCPU.h"
#include "lib/Target/CPU/CostModel.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace tenon;

namespace {

/// Slots of the cache that predictions assume.
constexpr int64_t kSlots = 512;

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

/// The formats of the matrices that a kernel reads, and how many have each.
std::string listFormats(KernelOp kernel) {
  llvm::MapVector<StringRef, int64_t> formats;
  for (Value input : kernel.getInputs())
    if (auto type = dyn_cast<WeightType>(input.getType()))
      if (!type.isVector())
        for (SchemeKind kind : type.getSchemes())
          ++formats[stringifySchemeKind(kind)];
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(formats, stream, [&](const auto &entry) {
    stream << entry.first << " x" << entry.second;
  });
  return text;
}

/// Bytes with a unit that leaves few digits.
std::string showBytes(double bytes) {
  if (bytes < 1e4)
    return llvm::formatv("{0:f0} B", bytes);
  return bytes < 1e6 ? llvm::formatv("{0:f1} kB", bytes / 1e3).str()
                     : llvm::formatv("{0:f2} MB", bytes / 1e6).str();
}

/// "0.55 MB of weights, 4.6 kB of activations, 0.66 M int8 operations: at
/// least 34.6 us by memory".
std::string showPrediction(const cpu::KernelCost &cost,
                           const cpu::Prediction &least) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (least.weightBytes)
    stream << showBytes(least.weightBytes) << " of weights, ";
  if (least.cacheBytes)
    stream << showBytes(least.cacheBytes) << " of keys and values, ";
  stream << showBytes(least.activationBytes) << " of activations";
  if (least.operations)
    stream << llvm::formatv(", {0:f3} M {1} operations", least.operations / 1e6,
                            cpu::getArithmeticName(cost.arithmetic));
  stream << llvm::formatv(": at least {0:f1} us by {1}", least.seconds * 1e6,
                          cpu::getBoundName(least.bound));
  return text;
}

/// Why a kernel of an entry of at most `rows` rows, which runs `layers` times,
/// has its schedule.
std::string reason(Attribute schedule, int64_t rows, int64_t layers) {
  std::string times =
      layers > 1 ? llvm::formatv(", {0} times", layers).str() : std::string();
  return llvm::TypeSwitch<Attribute, std::string>(schedule)
      .Case([&](cpu::StepAttr) {
        std::string uses =
            rows == 1 ? "one row uses each weight once, so reading memory "
                        "decides: weights stream once, in order, dequantised "
                        "in registers"
                      : "a few rows use each weight, so reading memory "
                        "decides: weights stream once for all of them, in "
                        "order, dequantised in registers";
        return uses + times;
      })
      .Case([&](cpu::ChunkAttr attribute) {
        return llvm::formatv(
                   "many rows use each weight, so arithmetic decides: a panel "
                   "of {0} outputs is decoded once and multiplied with {1} "
                   "rows at a time in registers{2}",
                   attribute.getLanes() * attribute.getGroups(),
                   attribute.getRows(), times)
            .str();
      })
      .Case([&](cpu::AttendAttr attribute) {
        return llvm::formatv("many rows use each key, so arithmetic decides: "
                             "a tile of slots meets {0} rows while it is in "
                             "the first cache, with a running maximum{1}",
                             attribute.getRows(), times)
            .str();
      })
      .Case([&](cpu::AttendStepAttr) {
        return "reading the cache decides: workers share out its slots, each "
               "reads its parts front to back, once for all query heads of a "
               "group" +
               times;
      })
      .Case([&](cpu::RowsAttr attribute) {
        switch (attribute.getSplit()) {
        case cpu::Split::None:
          return (rows == 1 ? "one row is" : "a few rows are") +
                 std::string(" less work than a barrier: every worker "
                             "does this for itself") +
                 times;
        case cpu::Split::One:
          return "less work than a barrier, and on memory that all workers "
                 "read: the last one to finish what comes before does it "
                 "while the others wait for that anyway" +
                 times;
        case cpu::Split::HeadsAndRows:
          return "each row and head is work of its own: the pairs are shared "
                 "out among the workers" +
                 times;
        case cpu::Split::Rows:
          return "work row by row is shared out among the workers" + times;
        }
        llvm_unreachable("unknown split");
      })
      .Default(
          [&](Attribute) { return std::string("no schedule was chosen"); });
}

void explainKernel(KernelOp kernel, int64_t rows, const cpu::KernelCost &cost,
                   const cpu::Prediction &least, llvm::raw_ostream &stream) {
  stream << "  " << kernel.getName() << "\n    op         " << listOps(kernel)
         << "\n    algorithm  "
         << describeSchedule(kernel.getSchedule().value_or(Attribute()))
         << '\n';
  if (!cost.functions.empty()) {
    stream << "    kernel     ";
    llvm::interleaveComma(cost.functions, stream);
    stream << '\n';
  }
  if (std::string formats = listFormats(kernel); !formats.empty())
    stream << "    reads      " << formats << '\n';
  stream << "    predicted  " << showPrediction(cost, least) << '\n';
  stream << "    why        "
         << reason(kernel.getSchedule().value_or(Attribute()), rows, cost.runs)
         << '\n';
}

} // namespace

std::string tenon::explain(ModuleOp scheduled, const cpu::CpuRates &rates) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (auto function : scheduled.getOps<FunctionOpInterface>()) {
    SmallVector<KernelOp> kernels;
    function->walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    if (kernels.empty())
      continue;
    int64_t rows = getMaxRows(function).value_or(1);
    stream << "entry " << function.getName() << ", up to " << rows
           << " rows; predicted for " << rows << ", " << kSlots
           << " slots of the cache and one thread\n";
    double total = 0;
    llvm::MapVector<cpu::Bound, double> bounds;
    for (KernelOp kernel : kernels) {
      cpu::KernelCost cost = cpu::countKernel(kernel, function.getName());
      // Of a chunk, the last row's logits are asked for.
      bool isChosen = cost.rows != cpu::RowSpace::Rows;
      cpu::Situation situation = {isChosen ? 1 : rows, kSlots, 1};
      cpu::Prediction least = cpu::predict(cost, rates, situation);
      explainKernel(kernel, rows, cost, least, stream);
      // Best tokens are asked for in place of logits.
      if (cost.rows == cpu::RowSpace::TopRows)
        continue;
      total += least.seconds * cost.runs;
      bounds[least.bound] += least.seconds * cost.runs;
    }
    stream << llvm::formatv("  all: at least {0:f3} ms", total * 1e3);
    for (auto [bound, seconds] : bounds)
      stream << llvm::formatv(", {0:f0} % by {1}", 100 * seconds / total,
                              cpu::getBoundName(bound));
    stream << '\n';
  }
  return text;
}
