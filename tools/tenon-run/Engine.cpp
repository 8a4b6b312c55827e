//===- Engine.cpp - model, session and tokenizer of one run ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Engine.h"

#include "Output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

using namespace tenon::run;

void Engine::check(tenon_rt_status status, const tenon_rt_session *session) {
  if (status != TENON_RT_OK)
    throw Failure(tenon_rt_error(session));
}

Engine::Engine(const Options &options, uint64_t context) : path(options.model) {
  Timer timer;
  tenon_rt_model_options modelOptions = {};
  modelOptions.weights =
      options.weights.empty() ? nullptr : options.weights.c_str();
  modelOptions.cpu = options.cpu.empty() ? nullptr : options.cpu.c_str();
  modelOptions.memory = options.weightsMemory;
  tenon_rt_model *openedModel = nullptr;
  check(tenon_rt_model_open(path.c_str(), &modelOptions, &openedModel));
  model.reset(openedModel);
  session = makeSession(options, context);
  seconds = timer.seconds();
  if (!options.quiet && threads() > tenon_rt_processors())
    std::fprintf(stderr,
                 "tenon-run: warning: %u threads take turns on %u processors; "
                 "--threads 0 is faster\n",
                 threads(), tenon_rt_processors());
}

Engine::Handle Engine::makeSession(const Options &options, uint64_t context) {
  tenon_rt_session_options sessionOptions = {};
  sessionOptions.context = context;
  sessionOptions.threads = options.threads;
  sessionOptions.pin = options.pin;
  tenon_rt_session *made = nullptr;
  check(tenon_rt_session_create(model.get(), &sessionOptions, &made));
  return {made, tenon_rt_session_destroy};
}

void Engine::checkSequences(uint64_t sequences) const {
  if (sequences > info().batch_rows)
    throw Failure(format("--bench: expected at most %llu sequences, which is "
                         "what a step of %s takes, but got %llu",
                         static_cast<unsigned long long>(info().batch_rows),
                         path.c_str(),
                         static_cast<unsigned long long>(sequences)));
}

std::vector<Engine::Handle> Engine::forkOthers(uint64_t sequences) {
  std::vector<Handle> others;
  while (others.size() + 1 < sequences) {
    tenon_rt_session *copy = nullptr;
    check(tenon_rt_session_fork(session.get(), &copy), session.get());
    others.emplace_back(copy, tenon_rt_session_destroy);
  }
  return others;
}

std::vector<int32_t> Engine::randomIds(uint64_t count) const {
  std::vector<int32_t> ids;
  uint64_t state = 1;
  while (ids.size() < count) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    ids.push_back(static_cast<int32_t>((state >> 33) % info().vocabulary));
  }
  return ids;
}

void Engine::stepBatch(const std::vector<Handle> &others, const int32_t *ids,
                       float *logits) {
  std::vector<tenon_rt_session *> sessions = {session.get()};
  for (const Handle &other : others)
    sessions.push_back(other.get());
  check(tenon_rt_step_batch(sessions.data(), sessions.size(), ids, logits));
}

const tenon_rt_model_info &Engine::info() const {
  return *tenon_rt_model_get_info(model.get());
}

uint64_t Engine::context() const {
  return tenon_rt_session_context(session.get());
}

uint64_t Engine::length() const {
  return tenon_rt_session_length(session.get());
}

uint32_t Engine::threads() const {
  return tenon_rt_session_threads(session.get());
}

std::string Engine::describe() const {
  const tenon_rt_model_info &i = info();
  // Which code runs, and what else there is.
  std::string cpu = i.cpu;
  if (cpu != i.cpus)
    cpu += std::string(" of ") + i.cpus;
  return format("model    %s (%s, %s, %s cache)\n"
                "load     %.3f s, %.1f MB of weights (%s), %u threads\n",
                i.name, i.compiler, cpu.c_str(), i.cache_type, seconds,
                static_cast<double>(i.weights_bytes) * 1e-6,
                i.weights_copied ? "copied" : "mapped", threads());
}

void Engine::openTokenizer() {
  size_t bytes = 0;
  const void *blob = tenon_rt_model_metadata(model.get(), &bytes);
  auto checkText = [&](tenon_text_status status) {
    if (status != TENON_TEXT_OK)
      throw Failure(
          path + ": metadata of its weight file: " + tenon_text_last_error());
  };
  tenon_text_metadata *openedMetadata = nullptr;
  checkText(tenon_text_metadata_open(blob, bytes, &openedMetadata));
  metadata.reset(openedMetadata);
  tenon_text_tokenizer *openedText = nullptr;
  checkText(tenon_text_tokenizer_open(metadata.get(), &openedText));
  size_t size = tenon_text_vocab_size(openedText);
  text.reset(openedText);
  if (size > info().vocabulary)
    throw Failure(format("%s: expected a tokenizer of at most %llu tokens, the "
                         "vocabulary of the code, but got %zu; compile the "
                         "model again",
                         path.c_str(),
                         static_cast<unsigned long long>(info().vocabulary),
                         size));
}

const tenon_text_tokenizer *Engine::tokenizer() {
  if (!text)
    openTokenizer();
  return text.get();
}

std::vector<int32_t> Engine::encode(const std::string &content,
                                    const char *name, bool parseSpecial) {
  uint32_t flags = TENON_TEXT_ADD_BOS;
  if (parseSpecial)
    flags |= TENON_TEXT_PARSE_SPECIAL;
  int32_t *ids = nullptr;
  size_t count = 0;
  if (tenon_text_encode(tokenizer(), content.data(), content.size(), flags,
                        &ids, &count) != TENON_TEXT_OK)
    throw Failure(std::string(name) + ": " + tenon_text_last_error());
  Owner<int32_t> owner(ids, [](int32_t *p) { tenon_text_free(p); });
  return {ids, ids + count};
}

std::vector<int32_t> Engine::prompt(const Options &options) {
  std::vector<int32_t> ids = options.promptIsTokens
                                 ? options.tokens
                                 : encode(options.prompt, "prompt", true);
  if (ids.empty())
    throw Failure("prompt: expected at least one token, but got none; give "
                  "-p some text");
  checkFits(options, "prompt", ids.size());
  return ids;
}

void Engine::checkFits(const Options &options, const char *name,
                       size_t ids) const {
  uint64_t count = options.countIsGiven ? options.count : 0;
  if (ids <= context() && count <= context() - ids)
    return;
  std::string more =
      count ? format(" and %llu of -n", static_cast<unsigned long long>(count))
            : "";
  throw Failure(format("%s: expected at most %llu tokens, which is the "
                       "context, but got %zu%s; shorten it, ask for less, or "
                       "give a larger --context (this model's largest is %llu)",
                       name, static_cast<unsigned long long>(context()), ids,
                       more.c_str(),
                       static_cast<unsigned long long>(info().context)));
}

bool Engine::prefill(const int32_t *ids, size_t count, Outputs outputs) {
  for (size_t done = 0; done < count;) {
    if (interrupted())
      return false;
    size_t piece = std::min<size_t>(count - done, info().max_rows);
    bool last = done + piece == count;
    tenon_rt_status status =
        last && outputs.best
            ? tenon_rt_prefill_top_k(session.get(), ids + done, piece,
                                     outputs.best)
            : tenon_rt_prefill(session.get(), ids + done, piece,
                               last ? outputs.logits : nullptr);
    check(status, session.get());
    done += piece;
  }
  return true;
}

void Engine::step(const int32_t *ids, size_t count, Outputs outputs) {
  check(outputs.best
            ? tenon_rt_step_top_k(session.get(), ids, count, outputs.best)
            : tenon_rt_step(session.get(), ids, count, outputs.logits),
        session.get());
}

void Engine::truncate(uint64_t length) {
  check(tenon_rt_session_truncate(session.get(), length), session.get());
}

void Engine::record() {
  check(tenon_rt_session_record(session.get(), 1), session.get());
}

std::vector<tenon_rt_span> Engine::spans(uint64_t &nanoseconds) {
  std::vector<tenon_rt_span> all;
  for (uint32_t worker = 0; worker < threads(); ++worker) {
    size_t count = 0;
    const tenon_rt_span *spans =
        tenon_rt_session_spans(session.get(), worker, &count, &nanoseconds);
    all.insert(all.end(), spans, spans + count);
  }
  return all;
}

std::string tenon::run::readWholeFile(const std::string &path) {
  auto fail = [&] {
    throw Failure(path + ": cannot be read: " + std::strerror(errno));
  };
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"),
                                              std::fclose);
  if (!file)
    fail();
  std::string text;
  char buffer[1 << 16];
  while (size_t bytes = std::fread(buffer, 1, sizeof(buffer), file.get()))
    text.append(buffer, bytes);
  if (std::ferror(file.get()))
    fail();
  return text;
}
