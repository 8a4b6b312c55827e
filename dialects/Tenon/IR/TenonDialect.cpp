//===- TenonDialect.cpp - attributes and types of the core dialect --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers the dialect and verifies its attributes and types. Ops are
// verified in the file of their topic.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Bytecode.h"
#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace tenon;

/// Parses `192x576` or `576`.
static ParseResult parseWeightShape(AsmParser &parser,
                                    SmallVector<int64_t> &shape) {
  return parser.parseDimensionList(shape, /*allowDynamic=*/false,
                                   /*withTrailingX=*/false);
}

static void printWeightShape(AsmPrinter &printer, ArrayRef<int64_t> shape) {
  printer.printDimensionList(shape);
}

#include "dialects/Tenon/IR/TenonEnums.cpp.inc"
#include "dialects/Tenon/IR/TenonOpsDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tenon/IR/TenonOpsAttributes.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Tenon/IR/TenonOpsTypes.cpp.inc"

void TenonDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tenon/IR/TenonOpsAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tenon/IR/TenonOpsTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tenon/IR/TenonOps.cpp.inc"
      >();
  addBytecodeInterface(*this);
}

std::optional<int64_t> tenon::getMaxRows(Operation *function) {
  if (auto maxRows = function->getAttrOfType<IntegerAttr>(kMaxRowsAttrName))
    return maxRows.getInt();
  return std::nullopt;
}

bool tenon::attendsByRow(Operation *entry) {
  std::optional<int64_t> maxRows = getMaxRows(entry);
  return maxRows && (*maxRows == 1 || entry->hasAttr(kRowSequencesAttrName));
}

const BlockFormat &tenon::getBlockFormat(SchemeKind kind) {
  return blockFormats()[static_cast<size_t>(kind)];
}

const BlockFormat &SchemeAttr::getFormat() const {
  return getBlockFormat(getKind());
}

LogicalResult ModelAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                StringRef family, int64_t context,
                                int64_t vocab) {
  if (context < 1)
    return emitError() << "expected a context of at least 1 token, but got "
                       << context;
  constexpr int64_t limit = std::numeric_limits<int32_t>::max();
  if (context > limit || vocab > limit)
    return emitError() << "expected context and vocabulary of at most " << limit
                       << " tokens, but got " << context << " and " << vocab;
  if (vocab < 1)
    return emitError() << "expected a vocabulary of at least 1 token, but got "
                       << vocab;
  return success();
}

LogicalResult CacheType::verify(function_ref<InFlightDiagnostic()> emitError,
                                CacheStore store, int64_t layers, int64_t heads,
                                int64_t dim, RopeState rope, PositionKind pos,
                                Type k, Type v, CacheLayout layout,
                                int64_t extent) {
  if (layers < 1 || heads < 1 || dim < 1)
    return emitError() << "expected positive layers, heads and dim, but got "
                       << layers << ", " << heads << " and " << dim;
  if (layers > kMaxExtent || heads > kMaxExtent || dim > kMaxExtent)
    return emitError() << "expected at most " << kMaxExtent
                       << " layers, heads and dim, but got " << layers << ", "
                       << heads << " and " << dim;
  for (Type type : {k, v})
    if (!isa<FloatType>(type) && !type.isInteger())
      return emitError() << "expected float or integer elements, but got "
                         << type;
  // L5: what is stored before the projection cannot hold rotated keys.
  if (store == CacheStore::X && rope != RopeState::Pre)
    return emitError() << "expected rope = pre for a cache of layer inputs "
                          "(L5), but got rope = post";
  bool needsExtent =
      layout == CacheLayout::Paged || layout == CacheLayout::Ring;
  if (needsExtent && extent < 1)
    return emitError() << "expected extent >= 1 for layout "
                       << stringifyCacheLayout(layout) << ", but got "
                       << extent;
  if (!needsExtent && extent != 0)
    return emitError() << "expected no extent for layout "
                       << stringifyCacheLayout(layout) << ", but got "
                       << extent;
  return success();
}

LogicalResult WeightType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> shape,
                                 ArrayRef<SchemeKind> schemes) {
  if (shape.empty() || shape.size() > 2)
    return emitError() << "expected a vector or a matrix, but got "
                       << shape.size() << " dimensions";
  int64_t elements = 1;
  for (int64_t extent : shape) {
    if (extent < 1)
      return emitError() << "expected positive dimensions, but got " << extent;
    if (llvm::MulOverflow(elements, extent, elements) ||
        elements > kMaxWeightElements)
      return emitError() << "expected a weight of at most "
                         << kMaxWeightElements << " elements";
  }
  if (schemes.empty())
    return emitError() << "expected at least one scheme";
  for (SchemeKind kind : schemes) {
    const BlockFormat &format = getBlockFormat(kind);
    if (shape.back() % format.elements)
      return emitError() << "expected rows of a multiple of " << format.elements
                         << " elements for " << stringifySchemeKind(kind)
                         << ", but got " << shape.back();
  }
  return success();
}
