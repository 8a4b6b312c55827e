//===- KernelReuse.cpp - kernels that need not be compiled ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The key holds everything that decides the bytes of an object: the IR in its
// generic form, which leaves no attribute out, and what follows it on the way
// to code. Versions alone do not say which code a compiler makes while it is
// being worked on, so the bytes of the compiler are hashed as well, and of the
// LLVM library its size and date.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/KernelReuse.h"

#include "dialects/TenonRT/IR/TenonRT.h"
#include "tenon-rt/abi.h"
#include "tenon/Session.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm-c/Core.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <link.h>

using namespace mlir;
using namespace tenon;

namespace {

/// The file that the code or data at `address` was loaded from.
std::string findLoadedFile(const void *address) {
  struct Search {
    uintptr_t address;
    std::string file;
  } search = {reinterpret_cast<uintptr_t>(address), std::string()};
  ::dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *data) {
        auto &search = *static_cast<Search *>(data);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr) &header = info->dlpi_phdr[i];
          if (header.p_type != PT_LOAD ||
              search.address - info->dlpi_addr - header.p_vaddr >=
                  header.p_memsz)
            continue;
          // The program itself has no name here.
          search.file = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
          return 1;
        }
        return 0;
      },
      &search);
  return search.file;
}

/// Hash of the bytes of this compiler; read once in a process.
llvm::Expected<std::string> hashCompiler() {
  static const char here = 0;
  static const llvm::ErrorOr<std::string> hash =
      []() -> llvm::ErrorOr<std::string> {
    auto buffer =
        llvm::MemoryBuffer::getFile(findLoadedFile(&here), /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
    if (!buffer)
      return buffer.getError();
    return llvm::toHex(llvm::BLAKE3::hash<32>(
        llvm::arrayRefFromStringRef((*buffer)->getBuffer())));
  }();
  if (!hash)
    return llvm::errorCodeToError(hash.getError());
  return *hash;
}

/// Size and date of the library that has LLVM's code generator; where it is
/// linked into the compiler, those say nothing new.
std::string describeLLVM() {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(
          findLoadedFile(reinterpret_cast<const void *>(&LLVMGetVersion)),
          status))
    return "unknown";
  return std::to_string(status.getSize()) + " " +
         std::to_string(
             status.getLastModificationTime().time_since_epoch().count());
}

} // namespace

llvm::Expected<std::string>
tenon::describeEmission(const cpu::CpuTarget &target,
                        cpu::Sanitizer sanitizer) {
  auto compiler = hashCompiler();
  if (!compiler)
    return compiler.takeError();
  Version version = getVersion();
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "tenon " << version.tenon << " " << *compiler << "\nllvm "
     << version.llvm << " " << describeLLVM() << "\nabi " << version.runtimeAbi
     << "\ntriple " << target.triple << "\ncpu " << target.level
     << " tuned for " << target.tuneFor << "\nfeatures " << target.featureList()
     << "\nvectors " << target.vectorRegisters << " of " << target.vectorBits
     << "\ncaches " << target.l1Bytes << " " << target.l2Bytes << " "
     << target.l3Bytes << "\nsanitizer " << cpu::sanitizerName(sanitizer)
     << "\n";
  return text;
}

KernelCache::Key tenon::getKernelKey(ModuleOp kernel,
                                     llvm::ArrayRef<std::string> keep,
                                     llvm::StringRef emission) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << emission;
  for (const std::string &name : keep)
    os << "keep " << name << "\n";
  kernel->print(os, OpPrintingFlags().printGenericOpForm().useLocalScope());
  return llvm::BLAKE3::hash<32>(llvm::arrayRefFromStringRef(text));
}

void KernelReuse::take(ModuleOp outlined) {
  // What an entry names, and what one module declares and another defines.
  llvm::StringSet<> used;
  for (auto entry : outlined.getOps<rt::EntryOp>())
    used.insert(entry.getFunction());
  for (auto module : outlined.getOps<ModuleOp>())
    for (auto function : module.getOps<func::FuncOp>())
      if (function.isExternal())
        used.insert(function.getSymName());

  for (auto module : llvm::make_early_inc_range(outlined.getOps<ModuleOp>())) {
    std::vector<std::string> keep;
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal() && used.contains(function.getSymName()))
        keep.push_back(function.getSymName().str());
    llvm::sort(keep);
    llvm::append_range(keptNames, keep);
    std::string name = module.getSymName().value_or("").str();
    KernelCache::Key key = getKernelKey(module, keep, emission);
    modules.emplace_back(name, key);
    if (auto object = cache.load(key, name)) {
      found[name] = std::move(*object);
      module.erase();
    }
  }
}

std::vector<cpu::ObjectFile>
KernelReuse::complete(std::vector<cpu::ObjectFile> compiled) {
  llvm::StringMap<cpu::ObjectFile> made;
  for (cpu::ObjectFile &object : compiled)
    made[object.name] = std::move(object);
  std::vector<cpu::ObjectFile> all;
  for (const auto &[name, key] : modules) {
    if (auto known = found.find(name); known != found.end()) {
      all.push_back(std::move(known->second));
      continue;
    }
    cache.store(key, made[name]);
    all.push_back(std::move(made[name]));
  }
  if (found.size() != modules.size())
    cache.prune();
  return all;
}
