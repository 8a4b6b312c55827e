//===- Options.cpp - checked options of a compilation ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every message starts with the option's name as tenonc spells it, says what
// was expected and what came instead.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Options.h"

#include "dialects/Tenon/IR/Limits.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace tenon;

namespace {

template <typename... Args>
llvm::Error optionError(const char *format, const Args &...args) {
  return llvm::createStringError(llvm::errc::invalid_argument, format, args...);
}

llvm::Expected<Phase> checkPhase(const char *option, const std::string &name,
                                 Phase last) {
  std::optional<Phase> phase = parsePhase(name);
  if (phase && *phase <= last)
    return *phase;
  std::string known;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    known += i ? ", " : "";
    known += getPhaseName(static_cast<Phase>(i));
  }
  return optionError("--%s: expected one of %s, but got '%s'", option,
                     known.c_str(), name.c_str());
}

/// Whether the source is IR: what is in memory, bytecode, or a file so named.
bool isIR(const Source &source) {
  if (source.isInMemory())
    return true;
  llvm::StringRef extension = llvm::sys::path::extension(source.path());
  if (extension == ".mlir" || extension == ".mlirbc")
    return true;
  // A pipe would make this wait, and give its first bytes only once.
  int descriptor;
  if (!llvm::sys::fs::is_regular_file(source.path()) ||
      llvm::sys::fs::openFileForRead(source.path(), descriptor))
    return false;
  llvm::sys::fs::file_t file = llvm::sys::fs::convertFDToNativeFile(descriptor);
  char magic[4] = {};
  llvm::Expected<size_t> bytes = llvm::sys::fs::readNativeFile(file, magic);
  (void)llvm::sys::fs::closeFile(file);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return false;
  }
  return *bytes == 4 && llvm::StringRef(magic, 4) == "ML\xefR";
}

/// A name becomes a file's name and part of a macro.
llvm::Error checkName(const std::string &name) {
  const auto *bytes = reinterpret_cast<const llvm::UTF8 *>(name.data());
  const char *problem = nullptr;
  if (name.empty())
    problem = "it is empty";
  else if (name.size() > 200)
    problem = "it is longer than 200 bytes";
  else if (name[0] == '.' || name[0] == '-')
    problem = "it starts with a dot or a dash";
  else if (llvm::StringRef(name).contains('/'))
    problem = "it has a slash; the folder is named by -o";
  else if (llvm::any_of(name,
                        [](unsigned char c) { return c < ' ' || c == 127; }))
    problem = "it has a control character";
  else if (!llvm::isLegalUTF8String(&bytes, bytes + name.size()))
    problem = "it is not UTF-8";
  if (!problem)
    return llvm::Error::success();
  return optionError("--name: expected a name for files, but got '%s': %s; "
                     "choose another with --name",
                     name.c_str(), problem);
}

/// Whether code for `a` is to be tried before code for `b`.
bool isMoreDemanding(const CheckedCpu &a, const CheckedCpu &b) {
  auto rank = [](const cpu::CpuTarget &target) {
    return std::make_tuple(target.vectorBits, target.features.size(),
                           llvm::StringRef(target.name));
  };
  return rank(a.target) > rank(b.target);
}

llvm::Error checkCpus(const CompileOptions &options, CheckedOptions &checked) {
  llvm::SmallVector<llvm::StringRef> names;
  llvm::StringRef(options.cpu).split(names, ',');
  std::vector<CheckedCpu> cpus;
  for (llvm::StringRef name : names) {
    if (options.cpu.empty())
      name = "native";
    auto target = cpu::CpuTarget::get(name);
    if (!target)
      return optionError("--cpu: %s",
                         llvm::toString(target.takeError()).c_str());
    for (const CheckedCpu &other : cpus) {
      if (other.target.name == target->name)
        return optionError("--cpu: expected different CPUs, but got '%s' twice",
                           target->name.c_str());
      if (other.target.triple != target->triple)
        return optionError("--cpu: expected CPUs of one architecture, but got "
                           "'%s' (%s) and '%s' (%s)",
                           other.name.c_str(), other.target.triple.c_str(),
                           name.str().c_str(), target->triple.c_str());
    }
    cpus.push_back({name.str(), std::move(*target)});
  }
  llvm::sort(cpus, isMoreDemanding);
  checked.cpu = cpus.front().name;
  checked.target = cpus.front().target;
  checked.others.assign(cpus.begin() + 1, cpus.end());
  return llvm::Error::success();
}

llvm::Error checkPhases(const CompileOptions &options, const Source &source,
                        CheckedOptions &checked) {
  if (!options.compileFrom.empty()) {
    auto from = checkPhase("compile-from", options.compileFrom, Phase::Native);
    if (!from)
      return from.takeError();
    checked.from = *from;
  }
  auto to = checkPhase("compile-to", options.compileTo, Phase::Artifact);
  if (!to)
    return to.takeError();
  checked.to = *to;
  if (checked.to < checked.from)
    return optionError("--compile-to: expected a phase that is not before "
                       "--compile-from=%s, but got '%s'",
                       options.compileFrom.c_str(), options.compileTo.c_str());
  if (!checked.others.empty() && checked.from >= Phase::Scheduled)
    return optionError("--cpu: expected one CPU for IR in phase '%s', which is "
                       "made for one, but got '%s'; compile from an earlier "
                       "phase",
                       options.compileFrom.c_str(), options.cpu.c_str());
  if (!checked.others.empty() && checked.to >= Phase::Scheduled &&
      checked.to != Phase::Artifact)
    return optionError("--cpu: expected one CPU with --compile-to=%s, but got "
                       "'%s'; name one, or compile to an artifact",
                       options.compileTo.c_str(), options.cpu.c_str());
  if (!options.compileFrom.empty() && !checked.sourceIsIR)
    return optionError("--compile-from: expected a source that is IR (.mlir), "
                       "but got the model file '%s'; leave --compile-from "
                       "away to compile a GGUF file",
                       source.path().c_str());
  return llvm::Error::success();
}

llvm::Error checkImport(const CompileOptions &options,
                        CheckedOptions &checked) {
  if (checked.sourceIsIR && (options.context || !options.cacheType.empty()))
    return optionError(
        "--%s: expected a model file, but the source is IR, whose cache is "
        "typed already; give the option when the model is imported",
        options.context ? "context" : "cache-type");
  checked.import.name = checked.name;
  if (options.context > INT32_MAX)
    return optionError("--context: expected at most 2147483647 tokens, but "
                       "got %llu",
                       static_cast<unsigned long long>(options.context));
  if (options.context)
    checked.import.context = options.context;
  if (options.cacheType == "f32")
    checked.import.cacheElement = ImportOptions::CacheElement::F32;
  else if (!options.cacheType.empty() && options.cacheType != "f16")
    return optionError("--cache-type: expected f16 or f32, but got '%s'",
                       options.cacheType.c_str());
  if (checked.sourceIsIR && options.topK)
    return optionError("--top-k: expected a model file, but the source is IR, "
                       "which says already what its entry gives; give the "
                       "option when the model is imported");
  if (options.topK > uint64_t(kMaxTopK))
    return optionError("--top-k: expected at most %lld tokens, but got %llu",
                       static_cast<long long>(kMaxTopK),
                       static_cast<unsigned long long>(*options.topK));
  checked.import.topK = static_cast<int64_t>(options.topK.value_or(64));
  return llvm::Error::success();
}

/// Fails unless every CPU multiplies this type of activations.
llvm::Error checkActivations(const CompileOptions &options,
                             CheckedOptions &checked) {
  if (options.activations == "f32") {
    checked.activations = Activations::F32;
  } else if (options.activations == "bf16") {
    checked.activations = Activations::BF16;
    constexpr llvm::StringLiteral feature = "avx512bf16";
    std::vector<CheckedCpu> cpus = checked.others;
    cpus.push_back({checked.cpu, checked.target});
    for (const CheckedCpu &cpu : cpus)
      if (!llvm::is_contained(cpu.target.features, feature))
        return optionError("--activations=bf16: expected a CPU with %s, which "
                           "multiplies pairs of them, but '%s' has none; take "
                           "int8 or f32, or another --cpu",
                           feature.data(), cpu.name.c_str());
  } else if (options.activations != "int8") {
    return optionError(
        "--activations: expected int8, bf16 or f32, but got '%s'",
        options.activations.c_str());
  }
  return llvm::Error::success();
}

} // namespace

llvm::Expected<CheckedOptions>
tenon::checkOptions(const CompileOptions &options, const Source &source,
                    const Output &output) {
  CheckedOptions checked;
  if (source.path().empty())
    return optionError("expected a model file, but its name is empty");
  if (output.path().empty())
    return optionError("-o: expected an output folder, but its name is empty");
  if (auto error = checkCpus(options, checked))
    return std::move(error);
  checked.rates = cpu::CpuRates::get(checked.target);
  if (!options.rates.empty())
    if (auto error = checked.rates.update(options.rates))
      return optionError("--rates: %s",
                         llvm::toString(std::move(error)).c_str());
  auto sanitizer =
      llvm::StringSwitch<std::optional<cpu::Sanitizer>>(options.sanitize)
          .Case("", cpu::Sanitizer::None)
          .Case("address", cpu::Sanitizer::Address)
          .Case("thread", cpu::Sanitizer::Thread)
          .Default(std::nullopt);
  if (!sanitizer)
    return optionError("--sanitize: expected address or thread, but got '%s'",
                       options.sanitize.c_str());
  checked.sanitizer = *sanitizer;
  if (!options.cacheFolder.empty() && options.cacheLimit == 0)
    return optionError("--cache-limit: expected at least 1 MiB, but got 0; "
                       "compile without a cache with --no-cache");
  if (auto error = checkDisabledPasses(options.disabledPasses))
    return optionError("--disable-pass: %s",
                       llvm::toString(std::move(error)).c_str());
  checked.name = output.name().empty()
                     ? llvm::sys::path::stem(source.path()).str()
                     : output.name();
  if (auto error = checkName(checked.name))
    return std::move(error);
  checked.sourceIsIR = isIR(source);
  if (auto error = checkPhases(options, source, checked))
    return std::move(error);
  if (auto error = checkImport(options, checked))
    return std::move(error);
  if (auto error = checkActivations(options, checked))
    return std::move(error);
  if (options.profile && checked.from >= Phase::Kernels)
    return optionError("--profile: expected IR before the phase 'kernels', in "
                       "which calls of kernels are made, but got '%s'; compile "
                       "from an earlier phase",
                       options.compileFrom.c_str());
  return checked;
}
