//===- Interpret.cpp - run an entry from the command line -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Interpreter/Interpreter.h"
#include "lib/Validation/ArchiveWeights.h"
#include "lib/Validation/Inputs.h"
#include "lib/Validation/Npy.h"
#include "lib/Validation/Passes.h"

namespace tenon {
#define GEN_PASS_DEF_INTERPRETPASS
#include "lib/Validation/Passes.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;
using namespace tenon::interp;

namespace {

struct InterpretPass : tenon::impl::InterpretPassBase<InterpretPass> {
  using InterpretPassBase::InterpretPassBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (failed(interpret()))
      signalPassFailure();
  }

  LogicalResult interpret() {
    FailureOr<func::FuncOp> function = findEntry();
    if (failed(function))
      return failure();
    FailureOr<std::vector<RuntimeValue>> arguments = makeArguments(*function);
    if (failed(arguments))
      return failure();
    Interpreter interpreter(getOperation(), openArchive);
    FailureOr<std::vector<RuntimeValue>> results =
        interpreter.run(*function, *arguments);
    if (failed(results))
      return failure();
    auto *first = results->empty()
                      ? nullptr
                      : std::get_if<std::shared_ptr<const FloatTensor>>(
                            &results->front());
    if (!first)
      return function->emitOpError("expected a tensor as first result");
    return report(*function, **first);
  }

  FailureOr<func::FuncOp> findEntry() {
    SmallVector<func::FuncOp> entries = getEntries(getOperation());
    if (entry.empty() && entries.size() == 1)
      return entries.front();
    for (func::FuncOp function : entries)
      if (function.getName() == entry)
        return function;
    getOperation().emitError("expected an entry named '")
        << entry << "' or a single entry, but got " << entries.size()
        << " entries";
    return failure();
  }

  /// Arguments by role: ids, positions, row numbers, an empty cache.
  FailureOr<std::vector<RuntimeValue>> makeArguments(func::FuncOp function) {
    if (ids.empty())
      return getOperation().emitError("expected token ids, as in 'ids=1,2,3'");
    std::vector<int32_t> tokenIds(ids.begin(), ids.end());
    std::vector<int32_t> tokenPositions(positions.begin(), positions.end());
    std::vector<int32_t> outputRows(rows.begin(), rows.end());
    for (size_t i = 0; positions.empty() && i < tokenIds.size(); ++i)
      tokenPositions.push_back(start + static_cast<int32_t>(i));
    for (size_t i = 0; rows.empty() && i < tokenIds.size(); ++i)
      outputRows.push_back(static_cast<int32_t>(i));
    if (tokenPositions.size() != tokenIds.size())
      return getOperation().emitError("expected ")
             << tokenIds.size() << " positions, but got "
             << tokenPositions.size();
    std::vector<RuntimeValue> arguments;
    for (BlockArgument argument : function.getArguments()) {
      int64_t limit = std::numeric_limits<int32_t>::max();
      if (auto cache = dyn_cast<CacheType>(argument.getType())) {
        arguments.push_back(CacheValue::create(cache));
        continue;
      }
      switch (getRole(argument, limit)) {
      case Role::Ids:
        arguments.push_back(makeInts(tokenIds));
        break;
      case Role::Positions:
        arguments.push_back(makeInts(tokenPositions));
        break;
      case Role::Rows:
        arguments.push_back(makeInts(outputRows));
        break;
      case Role::Count:
        arguments.push_back(limit);
        break;
      case Role::Unknown:
        return function.emitOpError("expected ids, positions, row numbers, "
                                    "counts and caches as arguments, but got ")
               << argument.getType();
      }
    }
    return arguments;
  }

  /// Writes the result, or says what is largest in each row.
  LogicalResult report(func::FuncOp function, const FloatTensor &result) {
    if (!output.empty()) {
      if (llvm::Error error = writeNpy(output, result.shape, result.data))
        return getOperation().emitError("expected a file that can be written, "
                                        "but got ")
               << output << ": " << llvm::toString(std::move(error));
      return success();
    }
    for (int64_t r = 0; r < result.rows(); ++r) {
      const double *row = result.row(r);
      const double *largest = std::max_element(row, row + result.rowSize());
      emitRemark(function.getLoc()) << "row " << r << ": element "
                                    << (largest - row) << " is the largest";
    }
    return success();
  }
};

} // namespace
