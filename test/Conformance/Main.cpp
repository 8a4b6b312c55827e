//===- Main.cpp - the conformance matrix ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles cases in batches, since one library of many kernels is quicker than
// many libraries, and checks them on each instruction set that the machine has.
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "Executor.h"
#include "Golden.h"
#include "Instrumented.h"

#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/EmitObject.h"

#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

#include <chrono>

using namespace mlir;
using namespace tenon;
using namespace tenon::conformance;

namespace {

constexpr llvm::StringLiteral kUsage =
    "usage: conformance-test [OPTION]...\n"
    "Runs kernels as machine code and in the interpreter, and compares.\n\n"
    "  --group=NAME[,..]  step, chunk, attend, embed, rows, rank (default: "
    "all)\n"
    "  --cpu=NAME[,..]    instruction sets (default: native,x86-64-v3)\n"
    "  --runner=COMMAND   runs kernels by this, an emulator and a runner\n"
    "  --filter=TEXT      only cases whose name contains TEXT\n"
    "  --every=N          only every Nth of these\n"
    "  --thin=N           only every Nth of each kind of kernel, one at least\n"
    "  --full             every combination; takes hours\n"
    "  --golden=FILE      compare the differences on x86-64-v3 with a record\n"
    "  --list             names of the cases, nothing else\n"
    "  --print            the text of the cases, nothing else\n";

/// What the command line says.
struct Options {
  std::vector<std::string> groups, cpus = {"native", "x86-64-v3"};
  std::string filter, golden, runner;
  size_t every = 1, thin = 1;
  bool isFull = false, isList = false, isPrint = false;
};

std::vector<std::string> split(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  return {parts.begin(), parts.end()};
}

/// Fails, with the usage on stderr, at an argument that is none.
bool parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    if (argument.consume_front("--group="))
      options.groups = split(argument);
    else if (argument.consume_front("--cpu="))
      options.cpus = split(argument);
    else if (argument.consume_front("--runner="))
      options.runner = argument.str();
    else if (argument.consume_front("--filter="))
      options.filter = argument.str();
    else if (argument.consume_front("--golden="))
      options.golden = argument.str();
    else if (argument.consume_front("--every=") &&
             !argument.getAsInteger(10, options.every) && options.every > 0)
      continue;
    else if (argument.consume_front("--thin=") &&
             !argument.getAsInteger(10, options.thin) && options.thin > 0)
      continue;
    else if (argument == "--full")
      options.isFull = true;
    else if (argument == "--list")
      options.isList = true;
    else if (argument == "--print")
      options.isPrint = true;
    else {
      llvm::errs() << kUsage;
      return false;
    }
  }
  return true;
}

/// What a case has in common with those that run the same code over another
/// format or shape: the words of its name before the first number, and what
/// makes another kernel of it.
std::string kindOf(const Case &tested) {
  llvm::StringRef name = tested.name;
  std::string kind = name.substr(0, name.find_first_of("0123456789")).str();
  kind.resize(kind.rfind('-'));
  // Integers as inputs, products of bf16, attention in parts.
  for (llvm::StringRef mark : {"-int8", "-bf16", "-p1", "-p2", "-p3"})
    kind += name.contains(mark) ? mark.take_front(2) : "";
  return kind;
}

/// Every Nth of each kind, from the middle of its first N.
std::vector<Case> thin(std::vector<Case> cases, size_t every) {
  if (every == 1)
    return cases;
  llvm::StringMap<size_t> size, seen;
  for (const Case &tested : cases)
    ++size[kindOf(tested)];
  std::vector<Case> chosen;
  for (Case &tested : cases) {
    std::string kind = kindOf(tested);
    if (seen[kind]++ % every == std::min(every, size[kind]) / 2)
      chosen.push_back(std::move(tested));
  }
  return chosen;
}

std::vector<Case> makeCases(const Options &options) {
  std::vector<Case> all, chosen;
  addContractions(all, options.isFull);
  addAttention(all, options.isFull);
  addEmbeddings(all, options.isFull);
  addRows(all, options.isFull);
  addRanks(all, options.isFull);
  size_t matches = 0;
  for (Case &made : all)
    if ((options.groups.empty() ||
         llvm::is_contained(options.groups, made.group)) &&
        llvm::StringRef(made.name).contains(options.filter) &&
        matches++ % options.every == 0)
      chosen.push_back(std::move(made));
  return thin(std::move(chosen), options.thin);
}

double seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// Times and sizes of all batches.
struct Totals {
  double compile = 0, run = 0;
  uint64_t codeBytes = 0;
  size_t functions = 0, cases = 0;
};

/// Compiles and checks `cases` together; false when they do not compile.
bool runBatch(MLIRContext &context, llvm::ArrayRef<Case> cases,
              const cpu::CpuTarget &target, const cpu::CpuTarget &machine,
              Report &report, Totals &totals) {
  double start = seconds();
  std::string text;
  for (auto [index, tested] : llvm::enumerate(cases)) {
    std::string function = tested.text;
    function.replace(function.find("@NAME"), 5,
                     "@case" + std::to_string(index));
    text += function;
  }
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return false;
  llvm::Expected<std::unique_ptr<Library>> library =
      Library::create(*module, target, machine);
  if (!library) {
    llvm::errs() << llvm::toString(library.takeError()) << " for cases '"
                 << cases.front().name << "' to '" << cases.back().name
                 << "'\n";
    return false;
  }
  double compiled = seconds();
  interp::Interpreter interpreter(*module);
  for (auto [index, tested] : llvm::enumerate(cases)) {
    Case named = tested;
    named.name += " [" + target.name + "]";
    check(named,
          module->lookupSymbol<func::FuncOp>("case" + std::to_string(index)),
          interpreter, **library, report);
  }
  totals.compile += compiled - start;
  totals.run += seconds() - compiled;
  totals.codeBytes += (*library)->codeBytes;
  totals.functions += (*library)->functions;
  totals.cases += cases.size();
  return true;
}

/// The first feature of the target that this machine lacks, or its
/// architecture; "" when it can run the target's code.
std::string findMissing(const cpu::CpuTarget &target) {
  llvm::Triple host(llvm::sys::getProcessTriple()), wanted(target.triple);
  if (host.getArch() != wanted.getArch())
    return wanted.getArchName().str();
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  for (const std::string &feature : target.features)
    if (!features.lookup(feature))
      return feature;
  return "";
}

/// The target whose code this machine runs to check the kernels of `target`:
/// the same, but where it has the products of AVX-VNNI in the encoding of
/// AVX-512 only, that one.
cpu::CpuTarget getMachine(const cpu::CpuTarget &target) {
  cpu::CpuTarget machine = target;
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  if (findMissing(target) == "avxvnni" && host.lookup("avx512vl") &&
      host.lookup("avx512vnni")) {
    llvm::erase(machine.features, "avxvnni");
    machine.features.insert(machine.features.end(), {"avx512vl", "avx512vnni"});
  }
  return machine;
}

/// Adds what one instruction set showed to what all did.
void add(Report &all, const Report &one) {
  all.runs += one.runs;
  all.failures += one.failures;
  for (const auto &[key, worst] : one.worst)
    all.worst[key] = std::max(all.worst[key], worst);
}

/// The worst difference of each group and format.
void printReport(const Report &report, const Totals &totals) {
  std::string group;
  for (const auto &[key, worst] : report.worst) {
    if (key.first != group)
      llvm::outs() << (group.empty() ? "" : "\n") << key.first << ":";
    group = key.first;
    llvm::outs() << " " << key.second << "=" << llvm::format("%.1e", worst);
  }
  llvm::outs() << "\n"
               << totals.cases << " cases, " << totals.functions << " kernels, "
               << totals.codeBytes / 1024 << " KiB of code, " << report.runs
               << " runs, " << report.failures << " failures; compiled in "
               << llvm::format("%.1f", totals.compile) << " s, ran in "
               << llvm::format("%.1f", totals.run) << " s\n";
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  if (!parse(argc, argv, options))
    return 2;
  std::vector<Case> cases = makeCases(options);
  for (const Case &tested : cases)
    if (options.isList || options.isPrint)
      llvm::outs() << (options.isPrint ? tested.text : tested.name + "\n");
  if (options.isList || options.isPrint)
    return 0;
  if (cases.empty()) {
    llvm::errs() << "expected cases to run, but none has this name\n";
    return 2;
  }
  installCrashMessage();
  if (!options.runner.empty()) {
    auto executor = startRemoteExecutor(options.runner, printRunning);
    if (!executor) {
      llvm::errs() << llvm::toString(executor.takeError()) << "\n";
      return 2;
    }
    Executor::set(std::move(*executor));
  }
  DialectRegistry registry;
  registerAllTenonDialects(registry);
  cpu::registerEmission(registry);
  MLIRContext context(registry);
  // Builders run outside of any pass that would load what they write.
  context.loadAllAvailableDialects();
  Report report;
  Totals totals;
  bool golden = true;
  for (const std::string &name : options.cpus) {
    llvm::Expected<cpu::CpuTarget> target = cpu::CpuTarget::get(name);
    if (!target) {
      llvm::errs() << llvm::toString(target.takeError()) << "\n";
      return 2;
    }
    cpu::CpuTarget machine = *target;
    std::string missing;
    if (options.runner.empty()) {
      machine = getMachine(*target);
      missing = findMissing(machine);
    }
    if (!missing.empty()) {
      llvm::outs() << "skipped " << name << ": this machine lacks " << missing
                   << "\n";
      continue;
    }
    Report own;
    std::vector<Case> able;
    llvm::copy_if(cases, std::back_inserter(able), [&](const Case &tested) {
      return tested.feature.empty() || target->has(tested.feature);
    });
    constexpr size_t batch = 40;
    for (size_t first = 0; first < able.size(); first += batch)
      if (!runBatch(context,
                    llvm::ArrayRef(able).slice(
                        first, std::min(batch, able.size() - first)),
                    *target, machine, own, totals))
        return 1;
    add(report, own);
    if (!options.golden.empty() && name == kGoldenCpu)
      golden = checkGolden(options.golden, options.groups, own);
  }
  printReport(report, totals);
  return report.failures || !report.runs || !golden;
}
