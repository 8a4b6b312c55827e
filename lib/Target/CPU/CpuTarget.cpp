//===- CpuTarget.cpp - facts about the CPU that code is made for ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `native` becomes the highest level that the host has plus those features of
// `beyondLevel` that it also has, and is tuned for the host. Asking LLVM for
// the host's CPU by name instead would allow instructions that the artifact
// does not list, and the loader could not refuse them elsewhere.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/CpuTarget.h"

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

constexpr llvm::StringLiteral kTriple = "x86_64-pc-linux-gnu";

/// What each level adds to the one before it. Features that these imply (SSE
/// and its successors, AVX) are older than any of them and not listed.
constexpr llvm::StringLiteral kLevel3[] = {
    "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "popcnt"};
constexpr llvm::StringLiteral kLevel4[] = {"avx512f", "avx512bw", "avx512cd",
                                           "avx512dq", "avx512vl"};

/// Features beyond a level for which kernel builders have a use.
constexpr llvm::StringLiteral kBeyondLevel3[] = {"avxvnni"};
constexpr llvm::StringLiteral kBeyondLevel4[] = {
    "avxvnni", "avx512vnni", "avx512vbmi", "avx512bf16", "avx512fp16"};

/// Cache sizes assumed where the machine is not known or does not tell.
constexpr int64_t kL1Bytes = 32 << 10;
constexpr int64_t kL2Bytes = 1 << 20;
constexpr int64_t kL3Bytes = 16 << 20;

int64_t cacheBytes(int which, int64_t otherwise) {
  long bytes = ::sysconf(which);
  return bytes > 0 ? bytes : otherwise;
}

void append(CpuTarget &target, llvm::ArrayRef<llvm::StringLiteral> features) {
  for (llvm::StringRef feature : features)
    target.features.push_back(feature.str());
}

void setLevel(CpuTarget &target, bool level4) {
  target.level = level4 ? "x86-64-v4" : "x86-64-v3";
  append(target, kLevel3);
  if (level4)
    append(target, kLevel4);
  target.vectorBits = level4 ? 512 : 256;
  target.vectorRegisters = level4 ? 32 : 16;
}

llvm::Expected<CpuTarget> getNative() {
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](llvm::ArrayRef<llvm::StringLiteral> features) {
    return llvm::all_of(
        features, [&](llvm::StringRef name) { return host.lookup(name); });
  };
  llvm::StringRef hostName = llvm::sys::getHostCPUName();
  if (!hasAll(kLevel3))
    return llvm::createStringError(
        llvm::errc::not_supported,
        "expected a host CPU with the features of x86-64-v3, but got '%s'; "
        "name the CPU of the machine that will run the model with --cpu",
        hostName.str().c_str());

  CpuTarget target;
  target.triple = kTriple.str();
  target.name = hostName.str();
  target.tuneFor = hostName.str();
  bool level4 = hasAll(kLevel4);
  setLevel(target, level4);
  llvm::ArrayRef<llvm::StringLiteral> beyond =
      level4 ? llvm::ArrayRef<llvm::StringLiteral>(kBeyondLevel4)
             : llvm::ArrayRef<llvm::StringLiteral>(kBeyondLevel3);
  for (llvm::StringRef feature : beyond)
    if (host.lookup(feature))
      target.features.push_back(feature.str());
  target.l1Bytes = cacheBytes(_SC_LEVEL1_DCACHE_SIZE, kL1Bytes);
  target.l2Bytes = cacheBytes(_SC_LEVEL2_CACHE_SIZE, kL2Bytes);
  target.l3Bytes = cacheBytes(_SC_LEVEL3_CACHE_SIZE, kL3Bytes);
  return target;
}

} // namespace

llvm::Expected<CpuTarget> CpuTarget::get(llvm::StringRef name) {
  if (name == "native")
    return getNative();
  if (name != "x86-64-v3" && name != "x86-64-v4")
    return llvm::createStringError(
        llvm::errc::invalid_argument,
        "expected the CPU to be one of native, x86-64-v3, x86-64-v4, but got "
        "'%s'",
        name.str().c_str());
  CpuTarget target;
  target.triple = kTriple.str();
  target.name = name.str();
  target.tuneFor = "generic";
  setLevel(target, name == "x86-64-v4");
  target.l1Bytes = kL1Bytes;
  target.l2Bytes = kL2Bytes;
  target.l3Bytes = kL3Bytes;
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
