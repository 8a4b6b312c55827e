//===- Perplexity.cpp - scores a text -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counted as llama.cpp counts, so that the numbers can be compared: the text,
// less one line end at its end, is tokenised once; windows of `ctx` tokens
// follow each other without overlap; where the tokenizer puts BOS in front of
// a text it takes the place of each window's first token; the logits of tokens
// ctx/2 .. ctx-2 of a window score the token after each.
//
//===----------------------------------------------------------------------===//

#include "Engine.h"
#include "Modes.h"
#include "Output.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace tenon::run;

namespace {

/// -log of the probability of `id`.
double surprise(const float *logits, size_t count, int32_t id) {
  double largest = *std::max_element(logits, logits + count);
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += std::exp(logits[i] - largest);
  return std::log(sum) - (logits[id] - largest);
}

class Scorer {
public:
  Scorer(Engine &engine, std::vector<int32_t> ids, size_t window)
      : engine(engine), ids(std::move(ids)), window(window),
        vocabulary(engine.info().vocabulary) {
    // The tokenizer adds BOS to a text exactly if it adds it to no text.
    std::vector<int32_t> nothing = engine.encode("", "nothing", false);
    if (!nothing.empty())
      bos = nothing.front();
  }

  /// Scores window number `index`; returns false after Ctrl-C.
  bool score(size_t index) {
    std::vector<int32_t> text(ids.begin() + index * window,
                              ids.begin() + (index + 1) * window);
    if (bos >= 0)
      text[0] = bos;
    engine.truncate(0);
    size_t first = window / 2;
    if (!engine.prefill(text.data(), first, nullptr))
      return false;
    size_t maxRows = engine.info().max_rows;
    while (first + 1 < window) {
      if (interrupted())
        return false;
      size_t rows = std::min(maxRows, window - 1 - first);
      logits.resize(rows * vocabulary);
      engine.step(&text[first], rows, logits.data());
      for (size_t row = 0; row < rows; ++row)
        sum += surprise(&logits[row * vocabulary], vocabulary,
                        text[first + row + 1]);
      scored += rows;
      first += rows;
    }
    if (!std::isfinite(sum))
      throw Failure(format("window %zu: a logit is not a finite number; the "
                           "model's weights or its code are at fault",
                           index));
    return true;
  }

  double perplexity() const {
    return std::exp(sum / static_cast<double>(scored));
  }

private:
  Engine &engine;
  std::vector<int32_t> ids;
  size_t window;
  size_t vocabulary;
  int32_t bos = -1;
  double sum = 0;
  size_t scored = 0;
  std::vector<float> logits;
};

} // namespace

int tenon::run::perplexity(const Options &options) {
  const std::string &path = options.perplexityFile;
  std::string text = readWholeFile(path);
  if (!text.empty() && text.back() == '\n')
    text.pop_back();
  Engine engine(options, options.window);
  std::vector<int32_t> ids = engine.encode(text, path.c_str(), false);
  size_t windows = ids.size() / options.window;
  if (windows == 0)
    throw Failure(format("%s: expected at least one window of %llu tokens, "
                         "but the text has %zu; give a longer text or a "
                         "smaller --ctx",
                         path.c_str(),
                         static_cast<unsigned long long>(options.window),
                         ids.size()));
  windows = std::min<size_t>(windows, options.maxWindows);
  if (!options.quiet)
    std::fputs(engine.describe().c_str(), stderr);

  Scorer scorer(engine, std::move(ids), options.window);
  Timer timer;
  for (size_t index = 0; index < windows; ++index) {
    if (!scorer.score(index)) {
      std::fprintf(stderr,
                   "stopped  by Ctrl-C after %zu of %zu windows, "
                   "%.3f s\n",
                   index, windows, timer.seconds());
      return kInterruptedCode;
    }
    if (!options.quiet)
      std::fprintf(stderr, "window %zu/%zu: %.4f\n", index + 1, windows,
                   scorer.perplexity());
  }
  if (!options.quiet)
    std::fputs(
        rateLine("scored", windows * options.window, timer.seconds()).c_str(),
        stderr);
  writeOut(format("%.6f\n", scorer.perplexity()));
  return 0;
}
