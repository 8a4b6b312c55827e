//===- Compare.cpp - two modules on the same inputs -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every function of the second module is called twice, with many rows and with
// one; all results and the contents of all caches take part.
//
//===----------------------------------------------------------------------===//

#include "lib/Validation/Compare.h"

#include "dialects/Tenon/Interpreter/Interpreter.h"
#include "lib/Validation/Inputs.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Nothing when the numbers agree, else what differs.
static std::string compareNumbers(ArrayRef<double> reference,
                                  ArrayRef<double> values,
                                  Tolerance tolerance) {
  if (reference.size() != values.size())
    return llvm::formatv("expected {0} elements, but got {1}", reference.size(),
                         values.size());
  double largest = 0, magnitude = 0, sum = 0, square = 0;
  size_t worst = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    double a = reference[i], b = values[i];
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double difference = std::fabs(a - b);
    // Not a number, or infinite on one side only.
    if (!std::isfinite(difference))
      return llvm::formatv("element {0} was {1} and is {2}", i, a, b);
    sum += difference * difference;
    if (difference > largest) {
      largest = difference;
      worst = i;
    }
  }
  for (double value : reference)
    if (std::isfinite(value)) {
      magnitude = std::max(magnitude, std::fabs(value));
      square += value * value;
    }
  double measured = tolerance.metric == Metric::Largest
                        ? largest / std::max(magnitude, 1e-300)
                        : std::sqrt(sum / std::max(square, 1e-300));
  if (measured <= tolerance.bound)
    return {};
  return llvm::formatv("expected {0} <= {1:e1}, but got {2:e2} (element {3} "
                       "was {4:g6} and is {5:g6})",
                       getMetricText(tolerance.metric), tolerance.bound,
                       measured, worst, reference[worst], values[worst]);
}

/// Nothing when the caches agree, else what differs.
static std::string compareCaches(const CacheValue &reference,
                                 const CacheValue &cache, Tolerance tolerance) {
  if (reference.layers.size() != cache.layers.size())
    return "another number of layers";
  for (auto [index, pair] :
       llvm::enumerate(llvm::zip(reference.layers, cache.layers))) {
    const CacheLayer &a = *std::get<0>(pair), &b = *std::get<1>(pair);
    auto at = [&, index = index](StringRef what) {
      return ("layer " + Twine(index) + " " + what + ": ").str();
    };
    if (a.slots() != b.slots())
      return at("slots") +
             llvm::formatv("expected {0}, but got {1}", a.slots(), b.slots())
                 .str();
    if (a.positions != b.positions)
      return at("positions") + "expected those of the reference";
    std::string text = compareNumbers(a.key, b.key, tolerance);
    if (!text.empty())
      return at("keys") + text;
    text = compareNumbers(a.value, b.value, tolerance);
    if (!text.empty())
      return at("values") + text;
  }
  return {};
}

/// Nothing when the values agree, else what differs.
static std::string compareValues(const RuntimeValue &a, const RuntimeValue &b,
                                 Tolerance tolerance) {
  if (a.index() != b.index())
    return "another kind of value";
  if (auto *floats = std::get_if<std::shared_ptr<const FloatTensor>>(&a)) {
    const auto &other = std::get<std::shared_ptr<const FloatTensor>>(b);
    if ((*floats)->shape != other->shape)
      return "another shape";
    return compareNumbers((*floats)->data, other->data, tolerance);
  }
  if (auto *cache = std::get_if<CacheValue>(&a))
    return compareCaches(*cache, std::get<CacheValue>(b), tolerance);
  if (auto *ints = std::get_if<std::shared_ptr<const IntTensor>>(&a)) {
    const auto &other = std::get<std::shared_ptr<const IntTensor>>(b);
    if ((*ints)->shape != other->shape)
      return "another shape";
    // The order of numbers that a pass changes on purpose may change.
    return tolerance.metric == Metric::RootMeanSquare ||
                   (*ints)->data == other->data
               ? ""
               : "other integers";
  }
  if (auto *number = std::get_if<double>(&a))
    return compareNumbers(*number, std::get<double>(b), tolerance);
  if (auto *index = std::get_if<int64_t>(&a))
    return *index == std::get<int64_t>(b) ? "" : "another index";
  return {};
}

Verdict tenon::compareResults(ArrayRef<RuntimeValue> reference,
                              ArrayRef<RuntimeValue> results,
                              Tolerance tolerance) {
  if (reference.size() != results.size())
    return {Verdict::Different, "another number of results", {}};
  for (size_t i = 0; i < results.size(); ++i) {
    std::string text = compareValues(reference[i], results[i], tolerance);
    if (!text.empty())
      return {
          Verdict::Different, ("result " + Twine(i) + ": " + text).str(), {}};
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

/// The first op of `functions` that the interpreter does not know, or null.
static Operation *findUnknown(ArrayRef<func::FuncOp> functions) {
  for (func::FuncOp function : functions) {
    Operation *unknown = nullptr;
    function.getBody().walk([&](Operation *op) {
      if (Interpreter::isKnown(op))
        return WalkResult::advance();
      unknown = op;
      return WalkResult::interrupt();
    });
    if (unknown)
      return unknown;
  }
  return nullptr;
}

/// Runs `body` and gives the errors that it emitted as one text.
static std::string collectErrors(MLIRContext *context,
                                 llvm::function_ref<void()> body) {
  std::string errors;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      errors += (errors.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  body();
  return errors;
}

/// Calls both functions on the same inputs.
static Verdict compareFunctions(Interpreter &reference, func::FuncOp before,
                                Interpreter &interpreter, func::FuncOp after,
                                Tolerance tolerance,
                                const InputOptions &options) {
  FailureOr<std::vector<RuntimeValue>> inputs, expected, results;
  std::string errors = collectErrors(before.getContext(), [&] {
    inputs = makeInputs(before, after, options);
    if (succeeded(inputs))
      expected = reference.run(before, *inputs);
  });
  std::string name = after.getName().str();
  if (failed(inputs) || failed(expected))
    return {Verdict::NotComparable, errors, name};
  errors = collectErrors(after.getContext(),
                         [&] { results = interpreter.run(after, *inputs); });
  if (failed(results))
    return {Verdict::Different, errors, name};
  Verdict verdict = compareResults(*expected, *results, tolerance);
  verdict.function = name;
  return verdict;
}

namespace {

/// Weights that several interpreters share: each tensor is generated once.
class SharedWeights : public WeightSource {
public:
  explicit SharedWeights(std::shared_ptr<WeightSource> shared)
      : shared(std::move(shared)) {}
  llvm::Expected<StoredTensor> load(StringRef tensor, const BlockFormat &format,
                                    ArrayRef<int64_t> shape) override {
    return shared->load(tensor, format, shape);
  }

private:
  std::shared_ptr<WeightSource> shared;
};

} // namespace

Verdict tenon::compareModules(ModuleOp before, ModuleOp after,
                              Tolerance tolerance,
                              std::shared_ptr<WeightSource> weights,
                              uint64_t seed) {
  SmallVector<func::FuncOp> references = getEntries(before);
  SmallVector<func::FuncOp> callees = getEntries(after);
  for (ArrayRef<func::FuncOp> functions : {references, callees})
    if (Operation *op = findUnknown(functions))
      return {
          Verdict::NotComparable,
          ("'" + op->getName().getStringRef() + "' is no op of the core phases")
              .str(),
          {}};
  if (!references.empty() && callees.empty())
    return {Verdict::Different, "all functions are gone", {}};
  auto open = [&](StringRef,
                  StringRef) -> llvm::Expected<std::unique_ptr<WeightSource>> {
    return std::make_unique<SharedWeights>(weights);
  };
  Interpreter reference(before, open), interpreter(after, open);
  // Two sizes, so that a row or a slot too few or too many shows.
  const InputOptions sizes[] = {{seed, 5, 3}, {seed + 1, 1, 7}};
  for (func::FuncOp callee : callees) {
    func::FuncOp match = references.size() == 1 ? references[0] : nullptr;
    for (func::FuncOp function : references)
      if (function.getName() == callee.getName())
        match = function;
    if (!match)
      continue;
    for (const InputOptions &options : sizes) {
      Verdict verdict = compareFunctions(reference, match, interpreter, callee,
                                         tolerance, options);
      if (verdict.kind != Verdict::Same)
        return verdict;
    }
  }
  return {};
}
