//===- tenon-run.cpp - runs compiled models -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modes.h"
#include "Output.h"

#include <cstdio>
#include <new>

using namespace tenon::run;

namespace {

int dispatch(const Options &options) {
  switch (options.mode) {
  case Mode::Generate:
    return generate(options);
  case Mode::Logits:
    return writeLogits(options);
  case Mode::Perplexity:
    return perplexity(options);
  case Mode::Batch:
    return batch(options);
  case Mode::Bench:
    return bench(options);
  case Mode::Profile:
    return profile(options);
  }
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  prepareProcess();
  try {
    int exitCode = 0;
    std::optional<Options> options = parseOptions(argc, argv, exitCode);
    return options ? dispatch(*options) : exitCode;
  } catch (const std::bad_alloc &) {
    std::fputs("tenon-run: error: the system refused memory; ask for a "
               "shorter --context or text\n",
               stderr);
  } catch (const std::exception &failure) {
    std::fprintf(stderr, "tenon-run: error: %s\n", failure.what());
  }
  return 1;
}
