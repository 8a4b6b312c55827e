//===- KernelTable.cpp - one function per distinct kernel -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two kernels are the same when their ops, attributes, types, formats and
// schedules are. The number of functions follows from that, not from the
// number of layers.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/Outline/KernelTable.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::cpu;

/// Everything that decides the code of a kernel, as text.
static std::string describe(KernelOp kernel, KernelShape shape,
                            const KernelFormats &formats) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << static_cast<int>(shape);
  // Row kernels get their range from the driver, whoever shares it out.
  if (shape != KernelShape::Rows && shape != KernelShape::Embed)
    os << kernel.getSchedule().value_or(Attribute());
  for (auto [type, format] :
       llvm::zip(kernel.getInputs().getTypes(), formats)) {
    auto weight = dyn_cast<WeightType>(type);
    if (!weight) {
      os << type;
      continue;
    }
    os << "w";
    llvm::interleave(weight.getShape(), os, "x");
    if (!weight.isVector())
      os << stringifySchemeKind(format);
    os << ";";
  }
  llvm::DenseMap<Value, unsigned> numbers;
  Block &block = kernel.getBody().front();
  for (Value argument : block.getArguments())
    numbers.try_emplace(argument, numbers.size());
  for (Operation &op : block) {
    os << op.getName() << op.getAttrDictionary();
    for (Value operand : op.getOperands())
      os << "," << numbers.lookup(operand);
    for (Value result : op.getResults()) {
      numbers.try_emplace(result, numbers.size());
      os << ":" << result.getType();
    }
  }
  return text;
}

/// The kernel's name as a symbol: letters, digits and underscores.
static std::string symbolName(KernelOp kernel, StringRef description) {
  std::string name = "k_";
  for (char c : kernel.getName().take_front(40))
    name += llvm::isAlnum(c) ? c : '_';
  return name + "_" +
         llvm::utohexstr(llvm::xxh3_64bits(description), /*LowerCase=*/true);
}

std::string tenon::cpu::getKernelSymbol(KernelOp kernel, KernelShape shape,
                                        const KernelFormats &formats) {
  return symbolName(kernel, describe(kernel, shape, formats));
}

WeightOp tenon::cpu::getWeightSymbol(Value weight) {
  auto at = weight.getDefiningOp<WeightAtOp>();
  return SymbolTable::lookupNearestSymbolFrom<WeightOp>(at, at.getWeightAttr());
}

KernelVariants tenon::cpu::getKernelVariants(KernelOp kernel) {
  int64_t first = 0, last = 1;
  if (auto stack = kernel->getParentOfType<StackOp>()) {
    first = stack.getFirst();
    last = stack.getLast();
  }
  KernelVariants variants;
  for (int64_t layer = first; layer < last; ++layer) {
    KernelFormats formats;
    for (Value input : kernel.getInputs()) {
      // Inputs of other types have no format; the entry is not read.
      SchemeKind format = SchemeKind::F32;
      if (isa<WeightType>(input.getType())) {
        WeightOp weight = getWeightSymbol(input);
        format = weight.getScheme(weight.getLayers() ? layer : 0).getKind();
      }
      formats.push_back(format);
    }
    auto known = llvm::find(variants.formats, formats);
    variants.byLayer.push_back(known - variants.formats.begin());
    if (known == variants.formats.end())
      variants.formats.push_back(std::move(formats));
  }
  return variants;
}

FailureOr<func::FuncOp> KernelTable::get(KernelOp kernel, KernelShape shape,
                                         const KernelFormats &formats) {
  std::string description = describe(kernel, shape, formats);
  func::FuncOp &known = functions[description];
  if (known)
    return known;
  std::string name = symbolName(kernel, description);
  Location loc = kernel.getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto holder = ModuleOp::create(builder, loc, StringRef(name));
  builder.setInsertionPointToStart(holder.getBody());
  auto type =
      builder.getFunctionType(getKernelArgumentTypes(kernel, shape), {});
  auto create = [&](KernelPart part) {
    auto function =
        func::FuncOp::create(builder, loc, getPartSymbol(name, part), type);
    function.addEntryBlock();
    return function;
  };
  func::FuncOp function = create(KernelPart::Work);
  if (failed(buildKernel(kernel, shape, formats, target, function)))
    return failure();
  if (getKernelWork(kernel, shape).hasParts)
    for (KernelPart part : {KernelPart::Prologue, KernelPart::Finish})
      buildKernelPart(kernel, part, create(part));
  return known = function;
}

func::FuncOp KernelTable::getPart(func::FuncOp work, KernelPart part) {
  return cast<ModuleOp>(work->getParentOp())
      .lookupSymbol<func::FuncOp>(getPartSymbol(work.getName(), part));
}
