//===- Engine.h - model, session and tokenizer of one run -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C handles of the two libraries with owners, and their failures as
// exceptions. The tokenizer is opened when it is first needed: token ids run
// models that have none.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONRUN_ENGINE_H
#define TENON_TOOLS_TENONRUN_ENGINE_H

#include "Options.h"
#include "tenon-text/text.h"

#include <memory>

namespace tenon::run {

/// Where the results of a call go: the logits of a row, or its most likely
/// tokens; nowhere when both are null.
struct Outputs {
  float *logits = nullptr;
  const tenon_rt_top_k *best = nullptr;
  Outputs(std::nullptr_t) {}
  Outputs(float *logits) : logits(logits) {}
  Outputs(const tenon_rt_top_k *best) : best(best) {}
};

class Engine {
public:
  /// Opens the model and makes a session with `context` slots (0: the
  /// model's).
  Engine(const Options &options, uint64_t context);

  const tenon_rt_model_info &info() const;
  double loadSeconds() const { return seconds; }
  uint64_t context() const;
  uint64_t length() const;
  uint32_t threads() const;

  /// The ids of the prompt that the options give; at least one, and with what
  /// -n asks for at most what the session holds.
  std::vector<int32_t> prompt(const Options &options);

  /// Fails unless a prompt of `ids` tokens, called `name` in messages, and what
  /// -n asks for fit the context.
  void checkFits(const Options &options, const char *name, size_t ids) const;

  /// Tokenises text, called `name` in messages.
  std::vector<int32_t> encode(const std::string &text, const char *name,
                              bool parseSpecial);

  const tenon_text_tokenizer *tokenizer();

  using Handle =
      std::unique_ptr<tenon_rt_session, void (*)(tenon_rt_session *)>;

  /// Another session over the model, with `context` slots and the options'
  /// threads.
  Handle makeSession(const Options &options, uint64_t context);

  /// Fails unless the model takes `sequences` in one step.
  void checkSequences(uint64_t sequences) const;

  /// Sessions that hold the same tokens, so that with the engine's own there
  /// are `sequences` of them.
  std::vector<Handle> forkOthers(uint64_t sequences);

  /// Pseudo-random tokens for measurements: the same in every run.
  std::vector<int32_t> randomIds(uint64_t count) const;

  /// Appends a token to the engine's session and to each of `others`, and
  /// writes the logits after each.
  void stepBatch(const std::vector<Handle> &others, const int32_t *ids,
                 float *logits);

  /// Throws the runtime's message when `status` is a failure.
  static void check(tenon_rt_status status,
                    const tenon_rt_session *session = nullptr);

  /// Appends tokens, piece by piece; writes the last row's results.
  /// Returns false, with a part appended, after Ctrl-C.
  bool prefill(const int32_t *ids, size_t count, Outputs outputs);

  /// Appends tokens and writes the results after each.
  void step(const int32_t *ids, size_t count, Outputs outputs);

  void truncate(uint64_t length);

  /// From here on keeps what workers do in each call. Throws for a model that
  /// is not compiled for it.
  void record();

  /// What workers did in the last call, and its time.
  std::vector<tenon_rt_span> spans(uint64_t &nanoseconds);

  /// "model NAME, compiled by ..." and the time that loading took.
  std::string describe() const;

private:
  template <typename T>
  using Owner = std::unique_ptr<T, void (*)(T *)>;

  void openTokenizer();

  double seconds = 0;
  std::string path;
  Owner<tenon_rt_model> model{nullptr, tenon_rt_model_close};
  Owner<tenon_rt_session> session{nullptr, tenon_rt_session_destroy};
  Owner<tenon_text_metadata> metadata{nullptr, tenon_text_metadata_close};
  Owner<tenon_text_tokenizer> text{nullptr, tenon_text_tokenizer_close};
};

/// Reads a whole file; throws a Failure that names it.
std::string readWholeFile(const std::string &path);

} // namespace tenon::run

#endif // TENON_TOOLS_TENONRUN_ENGINE_H
