//===- VariantSymbols.cpp - code of several CPUs in one library -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/VariantSymbols.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ELF/ELFConfig.h"
#include "llvm/ObjCopy/ELF/ELFObjcopy.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/raw_ostream.h"

using namespace tenon::cpu;

namespace {

llvm::Expected<std::unique_ptr<llvm::object::ObjectFile>>
open(const ObjectFile &object) {
  return llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(
      llvm::StringRef(object.data.data(), object.data.size()), object.name));
}

/// Names that the object defines for others.
llvm::Error collect(const ObjectFile &object,
                    llvm::StringMap<std::string> &names,
                    llvm::StringRef suffix) {
  auto file = open(object);
  if (!file)
    return file.takeError();
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    auto flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    if (!(*flags & llvm::object::BasicSymbolRef::SF_Global) ||
        (*flags & llvm::object::BasicSymbolRef::SF_Undefined))
      continue;
    auto name = symbol.getName();
    if (!name)
      return name.takeError();
    names[*name] = (*name + suffix).str();
  }
  return llvm::Error::success();
}

} // namespace

llvm::Error tenon::cpu::renameSymbols(llvm::MutableArrayRef<ObjectFile> objects,
                                      llvm::StringRef suffix) {
  llvm::StringMap<std::string> names;
  for (const ObjectFile &object : objects)
    if (llvm::Error error = collect(object, names, suffix))
      return error;
  llvm::objcopy::CommonConfig config;
  for (const auto &entry : names)
    config.SymbolsToRename[entry.getKey()] = entry.getValue();
  for (ObjectFile &object : objects) {
    auto file = open(object);
    if (!file)
      return file.takeError();
    llvm::SmallVector<char, 0> renamed;
    llvm::raw_svector_ostream stream(renamed);
    if (llvm::Error error = llvm::objcopy::elf::executeObjcopyOnBinary(
            config, llvm::objcopy::ELFConfig(),
            llvm::cast<llvm::object::ELFObjectFileBase>(**file), stream))
      return error;
    object.data = std::move(renamed);
    object.name += suffix;
  }
  return llvm::Error::success();
}
