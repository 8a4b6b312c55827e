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

static_assert(sizeof(tenon_rt_entry) == 40 && sizeof(tenon_rt_artifact) == 144,
              "buildDescriptor writes every field of these structs");
static_assert(offsetof(tenon_rt_artifact, weights_id) == 64 &&
                  offsetof(tenon_rt_artifact, cache_type) == 120 &&
                  offsetof(tenon_rt_artifact, entries) == 136,
              "buildDescriptor writes the fields in this order");

std::unique_ptr<llvm::Module>
tenon::cpu::buildDescriptor(LLVMContext &context,
                            const ArtifactDescription &description) {
  auto module = std::make_unique<Module>("artifact", context);
  module->setSourceFileName("artifact");
  Type *pointer = PointerType::getUnqual(context);
  auto u32 = [&](uint32_t value) -> Constant * {
    return ConstantInt::get(Type::getInt32Ty(context), value);
  };
  auto u64 = [&](uint64_t value) -> Constant * {
    return ConstantInt::get(Type::getInt64Ty(context), value);
  };
  auto variable = [&](Constant *value) -> Constant * {
    auto *global = new GlobalVariable(
        *module, value->getType(),
        /*isConstant=*/true, GlobalValue::PrivateLinkage, value, "part");
    return global;
  };
  auto text = [&](StringRef value) {
    return variable(ConstantDataArray::getString(context, value));
  };

  FunctionType *entryType = FunctionType::get(
      Type::getVoidTy(context), {pointer, Type::getInt64Ty(context)}, false);
  SmallVector<Constant *> entries;
  for (const EntryDescription &entry : description.entries)
    entries.push_back(ConstantStruct::getAnon(
        {text(entry.name),
         cast<Function>(module->getOrInsertFunction(entry.function, entryType)
                            .getCallee()),
         u64(entry.maxRows), u64(entry.arenaBytes), u64(entry.scratchBytes)}));
  Constant *entryTable = ConstantPointerNull::get(cast<PointerType>(pointer));
  if (!entries.empty())
    entryTable = variable(ConstantArray::get(
        ArrayType::get(entries.front()->getType(), entries.size()), entries));

  Constant *artifact = ConstantStruct::getAnon(
      {u32(TENON_RT_ARTIFACT_MAGIC), u32(TENON_RT_ABI_VERSION),
       u64(sizeof(tenon_rt_artifact)), text(description.name),
       text(description.compiler), text(description.triple),
       text(description.cpu), text(description.features),
       text(description.sanitizer),
       ConstantDataArray::get(context, ArrayRef(description.weightsId)),
       u64(description.weightsBytes), u64(description.vocab),
       u64(description.context), u64(description.layers),
       u64(description.cacheLayerSlotBytes), text(description.cacheType),
       u64(description.entries.size()), entryTable});
  auto *symbol = new GlobalVariable(
      *module, artifact->getType(), /*isConstant=*/true,
      GlobalValue::ExternalLinkage, artifact, TENON_RT_ARTIFACT_SYMBOL);
  symbol->setVisibility(GlobalValue::ProtectedVisibility);
  return module;
}
