//===- Batch.cpp - continues several prompts together ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each prompt has a session of its own; each call decodes one token for as many
// of them as the model takes at once. A sequence that has ended makes room for
// the next prompt. Standard output gets one line per prompt, a JSON string, in
// the order of the prompts.
//
//===----------------------------------------------------------------------===//

#include "Choices.h"
#include "Engine.h"
#include "Modes.h"
#include "Output.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace tenon::run;

namespace {

/// One prompt and what became of it.
struct Sequence {
  Engine::Handle session{nullptr, tenon_rt_session_destroy};
  std::unique_ptr<tenon_rt_sampler, void (*)(tenon_rt_sampler *)> sampler{
      nullptr, tenon_rt_sampler_destroy};
  std::vector<int32_t> made;
  int32_t next = 0;
};

class BatchRun {
public:
  BatchRun(Engine &engine, const Options &options)
      : engine(engine), options(options),
        choices(engine, options.sampling, engine.info().batch_rows) {}

  /// Starts a sequence; returns false if it ends at once.
  bool start(Sequence &sequence, const std::vector<int32_t> &ids) {
    sequence.session = engine.makeSession(options, options.context);
    tenon_rt_sampler *sampler = nullptr;
    Engine::check(tenon_rt_sampler_create(&options.sampling, &sampler));
    sequence.sampler.reset(sampler);
    Outputs to = choices.outputs();
    tenon_rt_session *session = sequence.session.get();
    Engine::check(
        to.best
            ? tenon_rt_prefill_top_k(session, ids.data(), ids.size(), to.best)
            : tenon_rt_prefill(session, ids.data(), ids.size(), to.logits),
        session);
    return take(sequence, /*row=*/0);
  }

  /// Decodes one token for each of `active`; returns those that go on.
  std::vector<Sequence *> step(const std::vector<Sequence *> &active) {
    std::vector<tenon_rt_session *> sessions;
    std::vector<int32_t> ids;
    for (Sequence *sequence : active) {
      sessions.push_back(sequence->session.get());
      ids.push_back(sequence->next);
    }
    Outputs to = choices.outputs();
    Engine::check(
        to.best ? tenon_rt_step_batch_top_k(sessions.data(), sessions.size(),
                                            ids.data(), to.best)
                : tenon_rt_step_batch(sessions.data(), sessions.size(),
                                      ids.data(), to.logits));
    std::vector<Sequence *> left;
    for (size_t i = 0; i < active.size(); ++i)
      if (take(*active[i], i))
        left.push_back(active[i]);
    return left;
  }

private:
  /// Chooses a token of a row of results; returns whether it is to be decoded.
  bool take(Sequence &sequence, size_t row) {
    if (options.count == 0) {
      sequence.session.reset();
      return false;
    }
    sequence.next = choices.pick(sequence.sampler.get(), row);
    bool isEnd = !options.ignoreEos &&
                 tenon_text_is_end(engine.tokenizer(), sequence.next);
    if (!isEnd)
      sequence.made.push_back(sequence.next);
    bool goesOn = !isEnd && sequence.made.size() < options.count &&
                  tenon_rt_session_length(sequence.session.get()) <
                      tenon_rt_session_context(sequence.session.get());
    if (!goesOn)
      sequence.session.reset();
    return goesOn;
  }

  Engine &engine;
  const Options &options;
  Choices choices;
};

/// The text of `ids`, one line of JSON.
std::string toLine(Engine &engine, const std::vector<int32_t> &ids) {
  tenon_text_stream *opened = nullptr;
  if (tenon_text_stream_open(engine.tokenizer(), 0, &opened) != TENON_TEXT_OK)
    throw Failure(tenon_text_last_error());
  std::unique_ptr<tenon_text_stream, void (*)(tenon_text_stream *)> stream(
      opened, tenon_text_stream_close);
  std::string text;
  const char *part = nullptr;
  size_t bytes = 0;
  for (int32_t id : ids) {
    if (tenon_text_stream_push(opened, id, &part, &bytes) != TENON_TEXT_OK)
      throw Failure(tenon_text_last_error());
    text.append(part, bytes);
  }
  if (tenon_text_stream_flush(opened, &part, &bytes) == TENON_TEXT_OK)
    text.append(part, bytes);
  return nlohmann::json(text).dump(-1, ' ', false,
                                   nlohmann::json::error_handler_t::replace) +
         "\n";
}

/// The ids of each line that is not empty. Fails with the line's number before
/// any is decoded if one of them cannot be.
std::vector<std::vector<int32_t>>
readPrompts(Engine &engine, const Options &options, const std::string &text) {
  std::vector<std::vector<int32_t>> prompts;
  std::istringstream lines(text);
  size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (line.empty())
      continue;
    std::string name = options.batchFile + ":" + std::to_string(number);
    std::vector<int32_t> ids = engine.encode(line, name.c_str(), true);
    if (ids.empty())
      throw Failure(name + ": expected at least one token, but got none");
    engine.checkFits(options, name.c_str(), ids.size());
    prompts.push_back(std::move(ids));
  }
  if (prompts.empty())
    throw Failure(options.batchFile +
                  ": expected at least one line with a prompt, but got none");
  return prompts;
}

} // namespace

int tenon::run::batch(const Options &options) {
  const std::string text = readWholeFile(options.batchFile);
  Engine engine(options, options.context);
  const auto prompts = readPrompts(engine, options, text);
  BatchRun run(engine, options);
  std::vector<Sequence> sequences(prompts.size());
  std::vector<Sequence *> active;
  size_t started = 0, written = 0, decoded = 0;
  double seconds = 0;
  // A line as soon as those before it are complete; the rest in the end.
  auto writeLines = [&](bool all) {
    std::string text;
    while (written < started && (all || !sequences[written].session))
      text += toLine(engine, sequences[written++].made);
    if (!text.empty())
      writeOut(text);
  };
  while (!interrupted()) {
    for (; active.size() < engine.info().batch_rows && started < prompts.size();
         ++started)
      if (run.start(sequences[started], prompts[started]))
        active.push_back(&sequences[started]);
    writeLines(/*all=*/false);
    if (active.empty())
      break;
    decoded += active.size();
    Timer timer;
    active = run.step(active);
    seconds += timer.seconds();
  }
  writeLines(/*all=*/true);
  if (!options.quiet)
    std::fputs(
        (engine.describe() + rateLine("batch", decoded, seconds)).c_str(),
        stderr);
  return interrupted() ? kInterruptedCode : 0;
}
