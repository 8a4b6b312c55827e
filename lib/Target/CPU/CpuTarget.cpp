//===- CpuTarget.cpp - facts about the CPU that code is made for ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `native` becomes the highest level that the host has plus those features
// beyond the level that it also has, and is tuned for the host. Asking LLVM for
// the host's CPU by name instead would allow instructions that the artifact
// does not list, and the loader could not refuse them elsewhere.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/CpuTarget.h"
#include "lib/Target/CPU/KnownCpus.h"

#include "llvm-c/Target.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Errc.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"

#include <mutex>
#include <unistd.h>

using namespace tenon::cpu;

namespace {

/// Cache sizes assumed where the machine does not tell.
constexpr int64_t kL1Bytes = 32 << 10;
constexpr int64_t kL2Bytes = 1 << 20;
constexpr int64_t kL3Bytes = 16 << 20;

int64_t cacheBytes(int which, int64_t otherwise) {
  long bytes = ::sysconf(which);
  return bytes > 0 ? bytes : otherwise;
}

/// Adds `feature`, keeping the order of the level's list.
void addFeature(CpuTarget &target, const CpuLevel &level,
                llvm::StringRef feature) {
  if (target.has(feature))
    return;
  target.features.push_back(feature.str());
  auto rank = [&](const std::string &name) {
    return llvm::find(level.beyond, name) - level.beyond.begin();
  };
  std::sort(target.features.begin() + level.features.size(),
            target.features.end(),
            [&](const std::string &a, const std::string &b) {
              return rank(a) < rank(b);
            });
}

CpuTarget startTarget(const CpuLevel &level, llvm::StringRef name,
                      llvm::StringRef tuneFor) {
  CpuTarget target;
  target.triple = level.triple.str();
  target.name = name.str();
  target.level = level.llvmName.str();
  target.tuneFor = tuneFor.str();
  for (llvm::StringRef feature : level.features)
    target.features.push_back(feature.str());
  target.vectorBits = level.vectorBits;
  target.vectorRegisters = level.vectorRegisters;
  return target;
}

llvm::Expected<CpuTarget> getNative() {
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](llvm::ArrayRef<llvm::StringLiteral> features) {
    return llvm::all_of(
        features, [&](llvm::StringRef name) { return host.lookup(name); });
  };
  llvm::StringRef hostName = llvm::sys::getHostCPUName();
  llvm::Triple triple(llvm::sys::getProcessTriple());
  llvm::ArrayRef<const CpuLevel *> levels = levelsOf(triple.getArchName());
  const auto *level = llvm::find_if(levels, [&](const CpuLevel *candidate) {
    return hasAll(candidate->features);
  });
  if (level == levels.end())
    return llvm::createStringError(
        llvm::errc::not_supported,
        "expected a host CPU with the features of %s, but got '%s'; "
        "name the CPU of the machine that will run the model with --cpu",
        levels.empty() ? "x86-64-v3" : levels.back()->name.data(),
        hostName.str().c_str());

  CpuTarget target = startTarget(**level, hostName, hostName);
  for (llvm::StringRef feature : (*level)->beyond)
    if (host.lookup(feature))
      target.features.push_back(feature.str());
  target.l1Bytes = cacheBytes(_SC_LEVEL1_DCACHE_SIZE, kL1Bytes);
  target.l2Bytes = cacheBytes(_SC_LEVEL2_CACHE_SIZE, kL2Bytes);
  target.l3Bytes = cacheBytes(_SC_LEVEL3_CACHE_SIZE, kL3Bytes);
  return target;
}

} // namespace

std::string CpuTarget::knownNames() {
  std::string names = "native";
  for (const KnownCpu &known : knownCpus())
    names += ", " + known.name.str();
  return names;
}

llvm::Expected<CpuTarget> CpuTarget::get(llvm::StringRef name) {
  if (name == "native")
    return getNative();
  llvm::SmallVector<llvm::StringRef> parts;
  name.split(parts, '+');
  llvm::StringRef base = parts.front();
  const KnownCpu *known = llvm::find_if(
      knownCpus(), [&](const KnownCpu &cpu) { return cpu.name == base; });
  if (known == knownCpus().end())
    return llvm::createStringError(
        llvm::errc::invalid_argument,
        "expected the CPU to be one of %s, but got '%s'", knownNames().c_str(),
        name.str().c_str());
  const CpuLevel &level = *known->level;
  CpuTarget target = startTarget(level, name, known->tuneFor);
  for (llvm::StringRef feature : known->features)
    target.features.push_back(feature.str());
  for (llvm::StringRef feature : llvm::drop_begin(parts)) {
    if (!llvm::is_contained(level.beyond, feature))
      return llvm::createStringError(
          llvm::errc::invalid_argument,
          "expected a feature that '%s' may have (%s), but got '%s' in '%s'",
          base.str().c_str(), llvm::join(level.beyond, ", ").c_str(),
          feature.str().c_str(), name.str().c_str());
    addFeature(target, level, feature);
  }
  target.l1Bytes = known->l1Bytes;
  target.l2Bytes = known->l2Bytes;
  target.l3Bytes = known->l3Bytes;
  return target;
}

bool CpuTarget::has(llvm::StringRef feature) const {
  return llvm::is_contained(features, feature);
}

std::string CpuTarget::featureList() const { return llvm::join(features, ","); }

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
CpuTarget::createTargetMachine() const {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
  });
  llvm::Triple parsed(triple);
  std::string message;
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(parsed, message);
  if (!backend)
    return llvm::createStringError(llvm::errc::not_supported, message.c_str());

  std::vector<std::string> flags;
  for (const std::string &feature : features)
    flags.push_back("+" + feature);
  llvm::TargetOptions options;
  std::unique_ptr<llvm::TargetMachine> machine(backend->createTargetMachine(
      parsed, level, llvm::join(flags, ","), options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
  if (!machine)
    return llvm::createStringError(
        llvm::errc::not_supported,
        "expected LLVM to have a code generator for '%s'", triple.c_str());
  return machine;
}
