//===- Ops.cpp - times single kernels as a model gets them ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each line of the output is one op of one shape: seconds of some runs on one
// thread, of the generated kernel and, where they are installed and know the
// format, of libraries, in turns. `tenon-bench ops` reads it. Kernels go the
// way of conformance tests, which is that of a model.
//
//===----------------------------------------------------------------------===//

#include "Rivals.h"
#include "Work.h"

#include "test/Conformance/Check.h"
#include "test/Conformance/Library.h"

#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/EmitObject.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::bench;

namespace {

constexpr llvm::StringLiteral kUsage =
    "usage: tenon-bench-ops [OPTION]...\n"
    "Times kernels on one thread; a JSON object a line.\n\n"
    "  --op=NAME      gemm, gemv or attention (default: all)\n"
    "  --shape=MxNxK  one gemm of this shape in place of the list\n"
    "  --format=NAME  weights of this format (default: all; with a shape: "
    "f32)\n"
    "  --cpu=NAME     instruction set (default: native)\n"
    "  --rounds=N     samples of each (default: 7)\n";

struct Options {
  std::string op, format, cpu = "native";
  std::vector<int64_t> shape;
  unsigned rounds = 7;
};

bool parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    if (argument.consume_front("--op="))
      options.op = argument.str();
    else if (argument.consume_front("--format=")) {
      options.format = argument.str();
      if (!lookupBlockFormat(options.format))
        return false;
    } else if (argument.consume_front("--cpu="))
      options.cpu = argument.str();
    else if (argument.consume_front("--rounds=") &&
             !argument.getAsInteger(10, options.rounds) && options.rounds)
      continue;
    else if (argument.consume_front("--shape=")) {
      llvm::SmallVector<llvm::StringRef> parts;
      argument.split(parts, 'x');
      for (llvm::StringRef part : parts) {
        int64_t size = 0;
        if (part.getAsInteger(10, size) || size < 1)
          return false;
        options.shape.push_back(size);
      }
      if (parts.size() != 3)
        return false;
    } else
      return false;
  }
  return true;
}

double seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// Seconds of one call: the mean of as many as take a few milliseconds.
double timeOnce(llvm::function_ref<void()> call) {
  constexpr double enough = 5e-3;
  double start = seconds(), now = start;
  unsigned runs = 0;
  do {
    call();
    ++runs;
    now = seconds();
  } while (now - start < enough);
  return (now - start) / runs;
}

/// An engine in the turns of an op.
struct Engine {
  std::string name;
  std::function<void()> call;
  std::vector<double> samples;
};

void print(const Work &work, const std::vector<Engine> &engines) {
  llvm::outs() << "{\"op\": \"" << work.op << "\", \"shape\": \"" << work.shape
               << "\", \"format\": \"" << work.format << "\", \"rate\": \""
               << work.rate << "\", \"operations\": "
               << llvm::format("%.0f", work.operations)
               << ", \"bytes\": " << llvm::format("%.0f", work.bytes)
               << ", \"seconds\": {";
  for (auto [index, engine] : llvm::enumerate(engines)) {
    llvm::outs() << (index ? ", \"" : "\"") << engine.name << "\": [";
    for (auto [at, sample] : llvm::enumerate(engine.samples))
      llvm::outs() << (at ? ", " : "") << llvm::format("%.4e", sample);
    llvm::outs() << "]";
  }
  llvm::outs() << "}}\n";
  llvm::outs().flush();
}

/// The rivals on buffers of their own.
void addRivals(const Work &work, const std::vector<Rival> &rivals,
               std::vector<Engine> &engines) {
  if (!work.m || work.format != "f32")
    return;
  auto x = std::make_shared<std::vector<float>>(work.m * work.k, 0.5f);
  auto w = std::make_shared<std::vector<float>>(work.n * work.k, 0.25f);
  auto y = std::make_shared<std::vector<float>>(work.m * work.n);
  for (const Rival &rival : rivals)
    engines.push_back(
        {rival.name,
         [=, multiply = rival.multiply, m = work.m, n = work.n, k = work.k] {
           multiply(m, n, k, x->data(), w->data(), y->data());
         },
         {}});
}

bool run(const Work &work, MLIRContext &context, const cpu::CpuTarget &target,
         const std::vector<Rival> &rivals, unsigned rounds) {
  std::string text = work.tested.text;
  text.replace(text.find("@NAME"), 5, "@op");
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return false;
  auto library = conformance::Library::create(*module, target);
  if (!library) {
    llvm::errs() << llvm::toString(library.takeError()) << " for "
                 << work.tested.name << "\n";
    return false;
  }
  auto function = module->lookupSymbol<func::FuncOp>("op");
  std::vector<Engine> engines;
  engines.push_back(
      {"tenon",
       conformance::prepare(work.tested, work.tested.conditions.front(),
                            function, **library),
       {}});
  addRivals(work, rivals, engines);
  for (Engine &engine : engines)
    engine.call();
  for (unsigned turn = 0; turn < rounds; ++turn)
    for (Engine &engine : engines)
      engine.samples.push_back(timeOnce(engine.call));
  print(work, engines);
  return true;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    llvm::errs() << kUsage;
    return 2;
  }
  llvm::Expected<cpu::CpuTarget> target = cpu::CpuTarget::get(options.cpu);
  if (!target) {
    llvm::errs() << llvm::toString(target.takeError()) << "\n";
    return 2;
  }
  std::vector<Rival> rivals = findRivals();
  DialectRegistry registry;
  registerAllTenonDialects(registry);
  cpu::registerEmission(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::vector<Work> list =
      options.shape.empty()
          ? makeWork()
          : std::vector<Work>{
                makeGemm(options.shape[0], options.shape[1], options.shape[2],
                         options.format.empty() ? "f32" : options.format)};
  for (const Work &work : list)
    if ((options.op.empty() || work.op == options.op) &&
        (options.format.empty() || work.format == options.format))
      if (!run(work, context, *target, rivals, options.rounds))
        return 1;
  return 0;
}
