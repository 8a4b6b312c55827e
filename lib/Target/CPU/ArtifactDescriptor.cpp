//===- ArtifactDescriptor.cpp - the one exported symbol -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The constant is built field by field in the order of the C structs. Both
// have natural alignment, and the layout is checked against the header: a
// field added there and not here does not compile to a wrong artifact.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/ArtifactDescriptor.h"

#include "tenon-rt/abi.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace tenon::cpu;

static_assert(sizeof(tenon_rt_entry) == 40 && sizeof(tenon_rt_artifact) == 168,
              "buildDescriptor writes every field of these structs");
static_assert(offsetof(tenon_rt_artifact, weights_id) == 64 &&
                  offsetof(tenon_rt_artifact, cache_type) == 120 &&
                  offsetof(tenon_rt_artifact, entries) == 136 &&
                  offsetof(tenon_rt_artifact, has_marks) == 144 &&
                  offsetof(tenon_rt_artifact, top_k) == 152 &&
                  offsetof(tenon_rt_artifact, next) == 160,
              "buildDescriptor writes the fields in this order");

namespace {

/// Writes constants into a module.
class DescriptorBuilder {
public:
  explicit DescriptorBuilder(Module &module)
      : module(module), context(module.getContext()),
        pointer(PointerType::getUnqual(context)) {}

  /// The struct of one variant; `next`: the address of another's, or null.
  Constant *build(const ArtifactDescription &description, Constant *next);
  Constant *null() { return ConstantPointerNull::get(pointer); }
  Constant *variable(Constant *value) {
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                              GlobalValue::PrivateLinkage, value, "part");
  }

private:
  Constant *u32(uint32_t value) {
    return ConstantInt::get(Type::getInt32Ty(context), value);
  }
  Constant *u64(uint64_t value) {
    return ConstantInt::get(Type::getInt64Ty(context), value);
  }
  Constant *text(StringRef value) {
    return variable(ConstantDataArray::getString(context, value));
  }

  Module &module;
  LLVMContext &context;
  PointerType *pointer;
};

} // namespace

Constant *DescriptorBuilder::build(const ArtifactDescription &description,
                                   Constant *next) {
  FunctionType *entryType = FunctionType::get(
      Type::getVoidTy(context), {pointer, Type::getInt64Ty(context)}, false);
  SmallVector<Constant *> entries;
  for (const EntryDescription &entry : description.entries)
    entries.push_back(ConstantStruct::getAnon(
        {text(entry.name),
         cast<Function>(
             module.getOrInsertFunction(entry.function, entryType).getCallee()),
         u64(entry.maxRows), u64(entry.arenaBytes), u64(entry.scratchBytes)}));
  Constant *entryTable = null();
  if (!entries.empty())
    entryTable = variable(ConstantArray::get(
        ArrayType::get(entries.front()->getType(), entries.size()), entries));
  return ConstantStruct::getAnon(
      {u32(TENON_RT_ARTIFACT_MAGIC),
       u32(TENON_RT_ABI_VERSION),
       u64(sizeof(tenon_rt_artifact)),
       text(description.name),
       text(description.compiler),
       text(description.triple),
       text(description.cpu),
       text(description.features),
       text(description.sanitizer),
       ConstantDataArray::get(context, ArrayRef(description.weightsId)),
       u64(description.weightsBytes),
       u64(description.vocab),
       u64(description.context),
       u64(description.layers),
       u64(description.cacheLayerSlotBytes),
       text(description.cacheType),
       u64(description.entries.size()),
       entryTable,
       u64(description.hasMarks),
       u64(description.topK),
       next});
}

std::unique_ptr<Module>
tenon::cpu::buildDescriptor(LLVMContext &context,
                            ArrayRef<ArtifactDescription> variants) {
  auto module = std::make_unique<Module>("artifact", context);
  module->setSourceFileName("artifact");
  DescriptorBuilder builder(*module);
  Constant *next = builder.null();
  for (const ArtifactDescription &other : reverse(drop_begin(variants)))
    next = builder.variable(builder.build(other, next));
  Constant *artifact = builder.build(variants.front(), next);
  auto *symbol = new GlobalVariable(
      *module, artifact->getType(), /*isConstant=*/true,
      GlobalValue::ExternalLinkage, artifact, TENON_RT_ARTIFACT_SYMBOL);
  symbol->setVisibility(GlobalValue::ProtectedVisibility);
  return module;
}
