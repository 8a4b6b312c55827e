//===- LinearCaches.cpp - a cache is consumed once ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cache is a value, but only its newest version exists in memory. So each
// version may be consumed by at most one use, and reads must stand before it.
// Both are checked per block: a cache that a region needs is an argument of
// that region, which makes every path through the uses visible in one block.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/Transforms/Passes.h"

#include "mlir/Interfaces/CallInterfaces.h"

using namespace mlir;
using namespace tenon;

bool tenon::consumesCache(OpOperand &use) {
  Operation *owner = use.getOwner();
  if (isa<AttentionOp>(owner))
    return false;
  if (auto kernel = dyn_cast<KernelOp>(owner)) {
    Block &body = kernel.getBody().front();
    if (use.getOperandNumber() >= body.getNumArguments())
      return true;
    return llvm::any_of(body.getArgument(use.getOperandNumber()).getUses(),
                        [](OpOperand &inner) { return consumesCache(inner); });
  }
  return true;
}

/// Checks all uses of one cache.
static LogicalResult verifyCache(Value cache) {
  Block *block = cache.getParentBlock();
  Operation *consumer = nullptr;
  for (OpOperand &use : cache.getUses()) {
    Operation *owner = use.getOwner();
    if (owner->getBlock() != block)
      return owner
                 ->emitOpError("expected a cache of its own block, but got one "
                               "from outside; carry it into the region")
                 .attachNote(cache.getLoc())
             << "the cache";
    if (!consumesCache(use))
      continue;
    if (consumer) {
      Operation *second = owner->isBeforeInBlock(consumer) ? consumer : owner;
      Operation *first = second == owner ? consumer : owner;
      return second
                 ->emitOpError("expected a cache that nothing else consumes; "
                               "use the newest version")
                 .attachNote(first->getLoc())
             << "consumed here too";
    }
    consumer = owner;
  }
  if (!consumer)
    return success();
  for (OpOperand &use : cache.getUses()) {
    Operation *owner = use.getOwner();
    if (owner != consumer && consumer->isBeforeInBlock(owner))
      return owner
                 ->emitOpError("expected a read before the cache is consumed; "
                               "use the newest version")
                 .attachNote(consumer->getLoc())
             << "consumed here";
  }
  return success();
}

LogicalResult tenon::verifyLinearCaches(Operation *root) {
  bool failedAny = false;
  auto check = [&](ValueRange values) {
    for (Value value : values)
      if (isa<CacheType>(value.getType()))
        failedAny |= failed(verifyCache(value));
  };
  root->walk([&](Operation *op) {
    check(op->getResults());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        check(block.getArguments());
  });
  return failure(failedAny);
}
