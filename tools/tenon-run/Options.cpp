//===- Options.cpp - the command line of tenon-run ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An option that would have no effect is an error, not a silent nothing: it
// was given for a reason. Wrong usage exits with 2, all other failures with 1.
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <sstream>

using namespace tenon::run;

namespace {

constexpr const char *kDescription =
    "Runs a model that tenonc has compiled: writes text, logits, a perplexity "
    "or a benchmark.\n"
    "MODEL.so needs the MODEL.weights beside it and nothing else; the folder "
    "may be moved.\n"
    "Text goes to standard output, everything else to standard error.";

constexpr const char *kFooter = R"(
Examples:
  tenon-run out/smollm2.so -p "The capital of France is" -n 32
      Writes the 32 most likely tokens, one after the other (greedy).
  tenon-run out/smollm2.so -p "Once upon a time" -n 200 --temp 0.8 --top-p 0.9 --seed 7
      Draws tokens. Filters see the model's own distribution, in the order
      top-k, top-p, min-p; the temperature then shapes what they leave.
  tenon-run out/smollm2.so --tokens 504,3575,282 -n 16
      Takes token ids for a prompt; no text is tokenised.
  tenon-run out/smollm2.so --batch prompts.txt -n 32
      Continues the lines of a file together: weights are read once for several.
  tenon-run out/smollm2.so -p "Hello" --logits hello.npy
      Writes the logits after each token of the prompt: f32 [tokens, vocabulary].
  tenon-run out/smollm2.so --perplexity wiki.txt --ctx 512 --chunks 40
      Scores the second half of each window of 512 tokens, as llama.cpp does.
      The perplexity is the last line of standard output.
  tenon-run out/smollm2.so --bench p512,n128,d0 --json
      Fills a depth of 0 tokens, times a prefill of 512 tokens, and from the
      same depth 128 decoding steps (without sampling). --depth 0,2048 in place
      of d0 measures both depths.
  tenon-run out/smollm2.so --profile
      For each kernel of a step and of a chunk: runs, time, predicted bytes and
      operations, and how much of what the machine allows. Needs a model
      compiled with tenonc --profile. --bench p128,n32,d512 chooses the sizes.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 ended by Ctrl-C (the times are
still printed). A reader that closes the pipe ends the run without an error.)";

/// Reads "p512,n128,d0"; an empty string means that it is right.
std::string parseBench(const std::string &text, BenchSizes &sizes) {
  uint64_t depth = 0;
  auto wrong = [&](const std::string &why) {
    return "--bench: expected sizes like p512,n128,d0 (prefill, decode, "
           "depth), but "
           "got '" +
           text + "': " + why;
  };
  std::string seen;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    std::string part = text.substr(at, end - at);
    at = end + 1;
    uint64_t *size = nullptr;
    switch (part.empty() ? '\0' : part[0]) {
    case 'p':
      size = &sizes.prefill;
      break;
    case 'n':
      size = &sizes.decode;
      break;
    case 'd':
      size = &depth;
      break;
    case 'b':
      size = &sizes.sequences;
      break;
    default:
      return wrong("a part starts with p, n, d or b");
    }
    if (seen.find(part[0]) != std::string::npos)
      return wrong(std::string(1, part[0]) + " appears twice");
    seen += part[0];
    const char *last = part.data() + part.size();
    auto [stop, status] = std::from_chars(part.data() + 1, last, *size);
    if (status != std::errc() || stop != last || *size > INT32_MAX)
      return wrong("'" + part.substr(1) + "' is not a number of tokens");
  }
  if (sizes.isList && seen.find('d') != std::string::npos)
    return wrong("--depth gives the depths; leave out d" +
                 std::to_string(depth));
  if (!sizes.isList)
    sizes.depths = {depth};
  if (sizes.sequences == 0)
    return wrong("at least one sequence is decoded");
  return sizes.prefill + sizes.decode == 0 ? wrong("nothing is timed") : "";
}

std::string versionText() {
  return std::string("tenon-run ") + TENON_RUN_VERSION + "\nruntime " +
         tenon_rt_version() + ", ABI " + std::to_string(tenon_rt_abi()) +
         "\nLLVM " TENON_RUN_LLVM " (compiles the models; not linked here)";
}

/// Accepts numbers from `first` to `last`.
template <typename Number>
CLI::Validator between(Number first, Number last) {
  return CLI::Validator(
      [=](std::string &text) -> std::string {
        Number value;
        bool negative = !text.empty() && text[0] == '-';
        if (!(negative && std::is_unsigned_v<Number>) &&
            CLI::detail::lexical_cast(text, value) && value >= first &&
            value <= last)
          return "";
        std::ostringstream message;
        message << "expected a number from " << first << " to " << last
                << ", but got '" << text << "'";
        return message.str();
      },
      "");
}

/// Declares all options; which of them go together is checked later.
void declare(CLI::App &app, Options &options, std::string &bench) {
  app.add_option("model", options.model, "the library that tenonc wrote")
      ->required()
      ->type_name("MODEL.so");
  app.add_option("--weights", options.weights,
                 "the weight file, when it is not MODEL.weights")
      ->type_name("FILE");
  app.add_option_function<std::string>(
         "--weights-memory",
         [&](const std::string &kind) {
           const char *kinds[] = {"auto", "mapped", "copied"}; // as the enum
           auto found = std::find(std::begin(kinds), std::end(kinds), kind);
           if (found == std::end(kinds))
             throw CLI::ValidationError("--weights-memory",
                                        "expected auto, mapped or copied, but "
                                        "got '" +
                                            kind + "'");
           options.weightsMemory =
               static_cast<tenon_rt_weights_memory>(found - std::begin(kinds));
         },
         "mapped: the file's pages, shared by all processes; copied: huge "
         "pages, faster steps (default: auto, copied if the system has huge "
         "pages and twice the memory)")
      ->type_name("KIND");
  app.add_option("--cpu", options.cpu,
                 "of the CPUs that it is compiled for, the one whose code to "
                 "run (default: the most demanding that this machine has)")
      ->type_name("CPU");
  app.add_option("-t,--threads", options.threads,
                 "worker threads (default, and 0: one per processor)")
      ->check(between<int64_t>(0, 1024))
      ->type_name("N");
  app.add_flag("--pin", options.pin,
               "keep each thread on a processor of its own");
  app.add_option("--context", options.context,
                 "tokens that the cache holds (default: the model's)")
      ->check(between<int64_t>(1, INT32_MAX))
      ->type_name("N");
  app.add_flag("-q,--quiet", options.quiet,
               "only errors on standard error, no times");

  const char *group = "Text";
  app.add_option("-p,--prompt", options.prompt,
                 "text to continue; the names of special tokens "
                 "(<|im_start|>) become those tokens")
      ->type_name("TEXT")
      ->group(group);
  app.add_option("--tokens", options.tokens,
                 "token ids to continue, e.g. 1,2,3")
      ->delimiter(',')
      ->check(between<int64_t>(0, INT32_MAX))
      ->allow_extra_args(false)
      ->type_name("IDS")
      ->group(group);
  app.add_option("-n,--predict", options.count,
                 "tokens to write at most (default 128)")
      ->check(between<int64_t>(0, INT32_MAX))
      ->type_name("N")
      ->group(group);
  app.add_flag("--ignore-eos", options.ignoreEos,
               "go on after the model has ended its answer")
      ->group(group);

  app.add_option("--batch", options.batchFile,
                 "continue each line of FILE, several at a time; writes one "
                 "JSON string per line")
      ->type_name("FILE")
      ->group(group);

  group = "Sampling";
  tenon_rt_sampling &s = options.sampling;
  app.add_option("--temp", s.temperature,
                 "temperature; 0 (default): take the most likely token")
      ->check(between<double>(0, 1e6))
      ->type_name("T")
      ->group(group);
  app.add_option("--top-k", s.top_k, "draw from the K most likely")
      ->check(between<int64_t>(1, INT32_MAX))
      ->type_name("K")
      ->group(group);
  app.add_option("--top-p", s.top_p,
                 "draw from the fewest that reach probability P")
      ->check(between<double>(0, 1))
      ->type_name("P")
      ->group(group);
  app.add_option("--min-p", s.min_p,
                 "leave out those below P times the most likely")
      ->check(between<double>(0, 1))
      ->type_name("P")
      ->group(group);
  app.add_option("--seed", s.seed,
                 "the same seed draws the same tokens (default 0)")
      ->check(between<uint64_t>(0, UINT64_MAX))
      ->type_name("N")
      ->group(group);

  group = "Measuring";
  app.add_option("--logits", options.logitsFile,
                 "write the logits of the prompt's tokens")
      ->type_name("FILE.npy")
      ->group(group);
  app.add_option("--perplexity", options.perplexityFile,
                 "score a text; the result is the last line")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--ctx", options.window,
                 "window of --perplexity (default 512)")
      ->check(between<int64_t>(3, INT32_MAX))
      ->type_name("N")
      ->group(group);
  app.add_option("--chunks", options.maxWindows,
                 "score the first N windows only")
      ->check(between<int64_t>(1, INT32_MAX))
      ->type_name("N")
      ->group(group);
  app.add_option("--bench", bench,
                 "time a prefill of P tokens and N decoding steps, both "
                 "after D tokens; steps of B sequences (default 1) at once")
      ->type_name("pP,nN,dD,bB")
      ->group(group);
  app.add_option("--depth", options.bench.depths,
                 "depths of --bench, e.g. 0,2048,7500: filled once, to the "
                 "deepest")
      ->delimiter(',')
      ->check(between<int64_t>(0, INT32_MAX))
      ->allow_extra_args(false)
      ->type_name("D,...")
      ->group(group);
  app.add_flag("--profile", options.profile,
               "time each kernel of a step and of a chunk; --bench chooses the "
               "sizes (default: the largest chunk, n32, d0)")
      ->group(group);
  app.add_option(
         "--rates", options.rates,
         "measured rates of this machine for the bounds of --profile, "
         "as for tenonc: read=, read-all=, cache= in GB/s, f32=, bf16=, "
         "int8= in GOP/s of one core")
      ->type_name("RATES")
      ->group(group);
  app.add_flag("--json", options.json, "the benchmark or the profile as JSON")
      ->group(group);
}

/// Says which given options contradict each other; empty when none do.
std::string contradiction(const CLI::App &app, const Options &options) {
  auto is = [](const char *a, const char *b) { return !std::strcmp(a, b); };
  // A profile is a benchmark by kernels.
  const char *bench = app.count("--profile") ? "--profile" : "--bench";
  auto given = [&](const char *name) {
    return app.count(is(name, "--bench") ? bench : name) != 0;
  };
  auto shown = [&](const char *name) {
    return std::string(is(name, "--bench") ? bench : name);
  };
  // An unset variable of a script, which must not mean the default.
  for (const char *named :
       {"model", "--weights", "--cpu", "--logits", "--perplexity", "--batch"})
    if (app.count(named) && app.get_option(named)->as<std::string>().empty())
      return std::string(named) + ": expected a value, but it is empty";
  // Each pair: an option, and one that has no effect beside it.
  constexpr const char *pairs[][2] = {
      {"--prompt", "--tokens"},         {"--batch", "--prompt"},
      {"--batch", "--tokens"},          {"--batch", "--logits"},
      {"--batch", "--perplexity"},      {"--batch", "--bench"},
      {"--logits", "--perplexity"},     {"--logits", "--bench"},
      {"--logits", "--ignore-eos"},     {"--logits", "--temp"},
      {"--perplexity", "--bench"},      {"--perplexity", "--context"},
      {"--perplexity", "--prompt"},     {"--perplexity", "--tokens"},
      {"--perplexity", "--predict"},    {"--perplexity", "--temp"},
      {"--perplexity", "--ignore-eos"}, {"--bench", "--context"},
      {"--bench", "--prompt"},          {"--bench", "--tokens"},
      {"--bench", "--predict"},         {"--bench", "--temp"},
      {"--bench", "--ignore-eos"},
  };
  for (auto [first, second] : pairs)
    if (given(first) && given(second))
      return shown(first) + " and " + shown(second) +
             " contradict each other; give one of them";
  if (given("--logits") && given("--predict") && options.count != 0)
    return "--logits writes no text; leave out -n";
  constexpr const char *needs[][2] = {{"--json", "--bench"},
                                      {"--depth", "--bench"},
                                      {"--rates", "--profile"},
                                      {"--ctx", "--perplexity"},
                                      {"--chunks", "--perplexity"}};
  for (auto [option, needed] : needs)
    if (given(option) && !given(needed))
      return std::string(option) + " has no effect without " + needed;
  if (given("--profile") && options.bench.depths.size() > 1)
    return "--profile: expected one depth, but got " +
           std::to_string(options.bench.depths.size()) + "; give one at a time";
  for (const char *draw : {"--top-k", "--top-p", "--min-p", "--seed"})
    if (given(draw) && !given("--temp"))
      return std::string(draw) + " has no effect without --temp; "
                                 "the most likely token is taken";
  bool other = given("--perplexity") || given("--bench") || given("--batch");
  if (!other && !given("--prompt") && !given("--tokens"))
    return "expected a prompt: give -p TEXT or --tokens IDS";
  return "";
}

int usageError(const std::string &message) {
  std::fprintf(stderr,
               "tenon-run: error: %s\n"
               "tenon-run --help explains every option\n",
               message.c_str());
  return 2;
}

} // namespace

std::optional<Options> tenon::run::parseOptions(int argc, char **argv,
                                                int &exitCode) {
  Options options;
  std::string bench;
  CLI::App app(kDescription, "tenon-run");
  app.footer(kFooter);
  app.get_formatter()->column_width(26);
  app.set_version_flag("--version", versionText());
  declare(app, options, bench);
  exitCode = 0;
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &success) {
    app.exit(success);
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    exitCode = usageError(error.what());
    return std::nullopt;
  }

  if (app.count("--logits"))
    options.mode = Mode::Logits;
  else if (app.count("--perplexity"))
    options.mode = Mode::Perplexity;
  else if (app.count("--batch"))
    options.mode = Mode::Batch;
  else if (options.profile)
    options.mode = Mode::Profile;
  else if (app.count("--bench"))
    options.mode = Mode::Bench;
  options.promptIsTokens = app.count("--tokens") != 0;
  options.countIsGiven = app.count("--predict") != 0;
  options.bench.isList = app.count("--depth") != 0;
  std::string wrong = contradiction(app, options);
  if (options.profile) {
    options.bench.prefill = BenchSizes::largestChunk;
    options.bench.decode = 32;
  }
  if (wrong.empty() && app.count("--bench"))
    wrong = parseBench(bench, options.bench);
  if (!wrong.empty()) {
    exitCode = usageError(wrong);
    return std::nullopt;
  }
  return options;
}
