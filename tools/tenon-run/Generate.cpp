//===- Generate.cpp - continues a prompt ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Standard output gets the new text and nothing else, byte for byte; only a
// terminal gets a line end after it. Times are printed however the run ends.
//
//===----------------------------------------------------------------------===//

#include "Choices.h"
#include "Engine.h"
#include "Modes.h"
#include "Output.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <unistd.h>

using namespace tenon::run;

namespace {

/// Why a generation ended.
enum class End { Count, Model, Context, Reader, Interrupt };

struct Outcome {
  End end = End::Count;
  size_t promptTokens = 0;
  double prefillSeconds = 0;
  size_t decoded = 0; // steps after the prefill
  double decodeSeconds = 0;
};

class Generator {
public:
  Generator(Engine &engine, const Options &options)
      : engine(engine), options(options),
        choices(engine, options.sampling, /*rows=*/1) {
    tenon_rt_sampler *made = nullptr;
    if (tenon_rt_sampler_create(&options.sampling, &made) != TENON_RT_OK)
      throw Failure(tenon_rt_error(nullptr));
    sampler.reset(made);
    tenon_text_stream *opened = nullptr;
    if (tenon_text_stream_open(engine.tokenizer(), 0, &opened) != TENON_TEXT_OK)
      throw Failure(tenon_text_last_error());
    stream.reset(opened);
  }

  Outcome run() {
    Outcome outcome;
    std::vector<int32_t> ids = engine.prompt(options);
    Timer prefill;
    bool whole = engine.prefill(ids.data(), ids.size(), choices.outputs());
    outcome.promptTokens = engine.length();
    outcome.prefillSeconds = prefill.seconds();
    if (!whole) {
      outcome.end = End::Interrupt;
      return outcome;
    }
    Timer decode;
    outcome.end = continueText(outcome.decoded);
    outcome.decodeSeconds = decode.seconds();
    if (outcome.end != End::Reader)
      finishText();
    return outcome;
  }

private:
  End continueText(size_t &decoded) {
    for (uint64_t made = 0; made < options.count; ++made) {
      if (interrupted())
        return End::Interrupt;
      int32_t id = choices.pick(sampler.get(), /*row=*/0);
      if (!options.ignoreEos && tenon_text_is_end(engine.tokenizer(), id))
        return End::Model;
      const char *text = nullptr;
      size_t bytes = 0;
      if (tenon_text_stream_push(stream.get(), id, &text, &bytes) !=
          TENON_TEXT_OK)
        throw Failure(tenon_text_last_error());
      if (!writeOut(text, bytes))
        return End::Reader;
      if (made + 1 == options.count)
        break;
      if (engine.length() == engine.context())
        return End::Context;
      engine.step(&id, 1, choices.outputs());
      ++decoded;
    }
    return End::Count;
  }

  void finishText() {
    const char *text = nullptr;
    size_t bytes = 0;
    if (tenon_text_stream_flush(stream.get(), &text, &bytes) == TENON_TEXT_OK)
      writeOut(text, bytes);
    if (isatty(STDOUT_FILENO))
      writeOut("\n", 1);
  }

  Engine &engine;
  const Options &options;
  Choices choices;
  std::unique_ptr<tenon_rt_sampler, void (*)(tenon_rt_sampler *)> sampler{
      nullptr, tenon_rt_sampler_destroy};
  std::unique_ptr<tenon_text_stream, void (*)(tenon_text_stream *)> stream{
      nullptr, tenon_text_stream_close};
};

void report(const Outcome &outcome, const Engine &engine) {
  std::string text = "\n" + engine.describe();
  text += rateLine("prefill", outcome.promptTokens, outcome.prefillSeconds);
  text += rateLine("decode", outcome.decoded, outcome.decodeSeconds);
  if (outcome.end == End::Context)
    text += format("stopped  the context of %llu tokens is full; --context "
                   "makes it larger\n",
                   static_cast<unsigned long long>(engine.context()));
  if (outcome.end == End::Interrupt)
    text += "stopped  by Ctrl-C\n";
  std::fputs(text.c_str(), stderr);
}

} // namespace

int tenon::run::generate(const Options &options) {
  Engine engine(options, options.context);
  Generator generator(engine, options);
  Outcome outcome = generator.run();
  if (!options.quiet)
    report(outcome, engine);
  return outcome.end == End::Interrupt ? kInterruptedCode : 0;
}
