//===- CommandLine.cpp - options of tenonc --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only what belongs to a command line is checked here: that options exist and
// have values. What the values mean is checked by the compiler, so that a
// program that embeds it gets the same messages.
//
//===----------------------------------------------------------------------===//

#include "tools/tenonc/CommandLine.h"

#include <CLI/CLI.hpp>
#include <iostream>

using namespace tenon;
using namespace tenon::tool;

namespace {

constexpr const char *kDescription =
    R"(tenonc compiles a transformer model to a native library.

A GGUF file goes in; NAME.so (code), NAME.weights (weights, tokenizer and
metadata), NAME.h (for C programs) and NAME.json (facts) come out. The result
runs without the model file, without tenonc and on every machine that has the
chosen instructions: keep NAME.so and NAME.weights together.)";

constexpr const char *kExamples = R"(Examples:
  Compile for this machine, then write text:
    tenonc SmolLM2-135M-Instruct.Q4_1.gguf -o out --name smollm2
    tenon-run out/smollm2.so -p "Once upon a time" -n 64

  Compile for any x86-64 machine with AVX2, with a shorter context:
    tenonc model.gguf -o out --cpu=x86-64-v3 --context=2048

  Compile for machines with and without AVX-512, chosen when it is loaded:
    tenonc model.gguf -o out --cpu=x86-64-v3,znver4

  Compile for 64-bit Arm servers:
    tenonc model.gguf -o out --cpu=neoverse-n1

  See which kernels were chosen, and why:
    tenonc model.gguf -o out --explain

  Look at the model after each phase, or go on from one of them:
    tenonc model.gguf -o out --dump-phases=phases
    tenonc model.gguf -o out --compile-to=scheduled
    tenonc out/model.scheduled.mlir -o out --compile-from=scheduled

Phases: imported, optimized, scheduled, kernels, native, artifact.
Exit codes: 0 done, 1 the model cannot be compiled, 2 the command line makes
no sense, 130 stopped by Ctrl-C.)";

/// An option whose value says something.
CLI::Option *addText(CLI::App &app, const std::string &name, std::string &value,
                     const char *type, const std::string &help) {
  return app.add_option(name, value, help)
      ->type_name(type)
      ->check([](const std::string &text) {
        return text.empty() ? "expected a value, but it is empty" : "";
      });
}

/// Values that are not what the compiler takes.
struct Raw {
  std::string context;
  bool noCache = false;
  uint64_t cacheLimit = 1024;
};

void addCacheOptions(CLI::App &app, CommandLine &line, Raw &raw) {
  auto *none = app.add_flag("--no-cache", raw.noCache,
                            "compile every kernel; keep none");
  addText(app, "--cache-dir", line.options.cacheFolder, "DIR",
          "folder for compiled kernels (default: $XDG_CACHE_HOME/tenon, else "
          "~/.cache/tenon)")
      ->excludes(none);
  app.add_option("--cache-limit", raw.cacheLimit,
                 "MiB that the folder may hold (default: 1024)")
      ->check(CLI::Range(uint64_t(1), uint64_t(1) << 30))
      ->type_name("MIB");
}

void addOptions(CLI::App &app, CommandLine &line, Raw &raw) {
  CompileOptions &options = line.options;
  addText(app, "MODEL", line.input, "FILE",
          "the model: a GGUF file, or IR (.mlir) of any phase")
      ->required();
  addText(app, "-o,--output", line.outputFolder, "DIR",
          "folder for the result; made if it is not there")
      ->required();
  addText(app, "--name", line.name, "NAME",
          "name of the result (default: the model file's name)");
  addText(app, "--cpu", options.cpu, "CPU",
          "machine to compile for: native, x86-64-v3, x86-64-v4, znver4, "
          "neoverse-n1, ...; several, separated by commas, make an artifact "
          "with code for each (default: native)");
  addText(app, "--context", raw.context, "N",
          "most tokens a session can hold (default: as the model says)");
  addText(app, "--cache-type", options.cacheType, "TYPE",
          "format of cached keys and values: f16, f32 (default: f16)");
  app.add_option("--top-k", options.topK,
                 "most tokens by rank that a step gives in place of logits, "
                 "which are then never written; 0: none (default: 64)")
      ->check(CLI::Range(0, 256))
      ->type_name("K");
  addText(app, "--activations", options.activations, "TYPE",
          "how inputs of weights are rounded: int8 (of quantised weights), "
          "bf16, f32 (not) (default: int8)");
  addText(app, "--sanitize", options.sanitize, "KIND",
          "instrument the generated code: address, thread; the program that "
          "loads it must be built the same way");
  app.add_flag(
      "--profile", options.profile,
      "measure each kernel when it runs: tenon-run --profile shows the "
      "times");
  app.add_option("--disable-pass", options.disabledPasses,
                 "leave out a fusion pass (tenon-fuse-rows, ...), to see what "
                 "it is worth; an unknown name lists all of them")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("PASS");
  addText(app, "--compile-to", options.compileTo, "PHASE",
          "stop after this phase and write NAME.PHASE.mlir (default: "
          "artifact)");
  addText(app, "--compile-from", options.compileFrom, "PHASE",
          "MODEL is IR of this phase: go on from it (default: imported)");
  addText(app, "--dump-phases", options.dumpPhases, "DIR",
          "write the IR after each phase into this folder");
  app.add_flag("!--no-weights", options.weights,
               "write no NAME.weights: code, sizes and facts only");
  app.add_flag("--explain", line.explain,
               "print to stdout for each kernel: op, algorithm, kernel, "
               "predicted bytes, operations and time, why");
  addText(app, "--rates", options.rates, "RATES",
          "measured rates for predictions: read=, read-all=, cache= in GB/s, "
          "f32=, bf16=, int8= in GOP/s of one core, separated by commas");
  addText(app, "--stats", line.statisticsFile, "FILE",
          "write time and memory of each step as JSON");
  addCacheOptions(app, line, raw);
  app.add_option("--threads", line.threads,
                 "threads of the compiler (default: one per processor); the "
                 "result does not depend on it")
      ->check(CLI::Range(1u, 1024u))
      ->type_name("N");
  app.add_flag("-q,--quiet", line.quiet, "no progress on stderr");
  app.set_version_flag("--version", [] {
    Version version = getVersion();
    return "tenonc " + version.tenon + " (Tenon " + version.tenon + ", LLVM " +
           version.llvm + ", runtime ABI " +
           std::to_string(version.runtimeAbi) + ")";
  });
}

/// Digits only: the parser's own conversion would take "-5" for a large
/// number.
uint64_t parseContext(const std::string &text) {
  bool digits = !text.empty() && text.size() <= 18 &&
                text.find_first_not_of("0123456789") == std::string::npos;
  uint64_t value = digits ? std::stoull(text) : 0;
  if (value == 0)
    throw CLI::ValidationError("--context",
                               "expected a number of tokens from 1, but got '" +
                                   text + "'");
  return value;
}

} // namespace

std::optional<CommandLine> tenon::tool::parseCommandLine(int argc, char **argv,
                                                         int &exitCode) {
  CommandLine line;
  Raw raw;
  CLI::App app(kDescription, "tenonc");
  app.footer(kExamples);
  app.get_formatter()->column_width(28);
  addOptions(app, line, raw);
  try {
    app.parse(argc, argv);
    if (app.count("--context"))
      line.options.context = parseContext(raw.context);
    line.options.cacheLimit = raw.cacheLimit << 20;
    if (!raw.noCache && line.options.cacheFolder.empty()) {
      line.options.cacheFolder = defaultCacheFolder();
      line.noCacheFolder = line.options.cacheFolder.empty();
    }
    return line;
  } catch (const CLI::Success &success) {
    // --help and --version.
    exitCode = app.exit(success, std::cout, std::cerr);
  } catch (const CLI::ParseError &error) {
    std::cerr << "tenonc: error: " << error.what()
              << "\nRun tenonc --help for options and examples.\n";
    exitCode = 2;
  }
  return std::nullopt;
}
