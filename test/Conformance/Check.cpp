//===- Check.cpp - a case on the machine and in the interpreter -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units are shared out in several ways, since a kernel must not care: all at
// once; as three workers would have them, the last first; one by one with empty
// ranges between them; and two workers at the same time.
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "Executor.h"
#include "Instrumented.h"
#include "Memory.h"
#include "dialects/TenonCPU/IR/ActivationLayout.h"

#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <csignal>
#include <cstring>
#include <unistd.h>

#if TENON_CONFORMANCE_ASAN || TENON_CONFORMANCE_TSAN
#include <sanitizer/common_interface_defs.h>
#endif

using namespace mlir;
using namespace tenon;
using namespace tenon::conformance;
using interp::FloatTensor;
using interp::RuntimeValue;

//===----------------------------------------------------------------------===//
// What runs now
//===----------------------------------------------------------------------===//

/// Text for a signal handler, which may not allocate.
static char running[512];

static void setRunning(const std::string &text) {
  std::snprintf(running, sizeof(running), "%s", text.c_str());
}

void tenon::conformance::printRunning() {
  static const char prefix[] = "\nconformance: the program ended in ";
  (void)!write(2, prefix, sizeof(prefix) - 1);
  (void)!write(2, running, std::strlen(running));
  (void)!write(2, "\n", 1);
}

void tenon::conformance::installCrashMessage() {
#if TENON_CONFORMANCE_ASAN || TENON_CONFORMANCE_TSAN
  __sanitizer_set_death_callback(printRunning);
#else
  for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    std::signal(number, [](int number) {
      printRunning();
      _exit(128 + number);
    });
#endif
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {

/// Ranges of units, in the order in which a thread runs them.
using Ranges = std::vector<std::pair<int64_t, int64_t>>;

/// A way to share units out: the ranges of each thread.
struct Sharing {
  const char *name;
  std::function<std::vector<Ranges>(int64_t units)> share;
};

const Sharing sharings[] = {
    {"one worker",
     [](int64_t units) { return std::vector<Ranges>{{{0, units}}}; }},
    {"three workers, the last first",
     [](int64_t units) {
       Ranges ranges;
       for (int64_t w = 2; w >= 0; --w)
         ranges.push_back({units * w / 3, units * (w + 1) / 3});
       return std::vector<Ranges>{ranges};
     }},
    {"unit by unit",
     [](int64_t units) {
       Ranges ranges;
       for (int64_t odd : {1, 0})
         for (int64_t u = odd; u < units; u += 2) {
           ranges.push_back({u, u});
           ranges.push_back({u, u + 1});
         }
       ranges.push_back({units, units});
       return std::vector<Ranges>{ranges};
     }},
    {"two workers at once",
     [](int64_t units) {
       return std::vector<Ranges>{{{0, units / 2}}, {{units / 2, units}}};
     }},
};

/// The shape of a tensor in this run.
llvm::SmallVector<int64_t> shapeOf(Memory &memory, Value value) {
  llvm::SmallVector<int64_t> shape(
      cpu::getMemory(cast<RankedTensorType>(value.getType())).getShape());
  shape.front() = memory.rows(value);
  return shape;
}

/// Arguments of `kernel` up to the scratch memory.
Call makeCall(KernelOp kernel, Memory &memory) {
  Call call;
  auto flat = [&](Guarded &buffer, int64_t elementBytes) {
    call.addMemref(buffer.data(),
                   {static_cast<int64_t>(buffer.size()) / elementBytes});
  };
  for (Value input : kernel.getInputs()) {
    Type type = input.getType();
    if (isa<RankedTensorType>(type)) {
      call.addMemref(memory.buffer(input).data(), shapeOf(memory, input));
    } else if (auto weight = dyn_cast<WeightType>(type)) {
      flat(memory.buffer(input), weight.isVector() ? 4 : 1);
    } else if (isa<CacheType>(type)) {
      CacheMemory &cache = memory.cache(input);
      int64_t bytes = cache.type.getK().getIntOrFloatBitWidth() / 8;
      int64_t start = cache.layerBytes();
      call.addMemref(
          cache.cells.data() + start,
          {(static_cast<int64_t>(cache.cells.size()) - start) / bytes});
      flat(cache.positions, 4);
      call.addNumber(cache.used);
    } else {
      auto argument = cast<BlockArgument>(input);
      call.addNumber(
          std::get<int64_t>(memory.arguments()[argument.getArgNumber()]));
    }
  }
  for (Value result : kernel.getResults())
    if (isa<RankedTensorType>(result.getType()))
      call.addMemref(memory.buffer(result).data(), shapeOf(memory, result));
  return call;
}

/// Units of `kernel` in this run.
int64_t countUnits(KernelOp kernel, const Machine &machine, Memory &memory) {
  int64_t rows = memory.conditions().rows;
  for (Value result : kernel.getResults())
    if (isa<RankedTensorType>(result.getType())) {
      rows = memory.rows(result);
      break;
    }
  const cpu::KernelWork &work = machine.work;
  if (!work.rowsPerUnit)
    return work.constantUnits;
  return static_cast<int64_t>(llvm::divideCeil(rows, work.rowsPerUnit)) *
         work.perRowBlock;
}

/// Runs one kernel, its units shared out as `sharing` says. False when scratch
/// memory was written before its start.
bool runKernel(KernelOp kernel, const Machine &machine, Memory &memory,
               const Sharing &sharing) {
  const cpu::KernelWork &work = machine.work;
  std::vector<Ranges> threads =
      sharing.share(countUnits(kernel, machine, memory));
  // Side by side where a finish reads all of them.
  std::vector<std::unique_ptr<Guarded>> scratches;
  std::vector<ThreadCalls> calls;
  bool isIntact = true;
  auto add = [&](ThreadCalls &to, void *function, uint8_t *scratch,
                 int64_t bytes, int64_t first, int64_t last) {
    Call call = makeCall(kernel, memory);
    if (machine.shape != cpu::KernelShape::Rows)
      call.addMemref(scratch, {bytes});
    call.addNumber(first);
    call.addNumber(last);
    call.function = function;
    isIntact &= call.fits();
    to.push_back(std::move(call));
  };
  int64_t bytes = work.scratchBytes;
  auto workers = static_cast<int64_t>(threads.size());
  for (auto [number, ranges] : llvm::enumerate(threads)) {
    if (!work.hasParts || number == 0)
      scratches.push_back(
          std::make_unique<Guarded>(work.hasParts ? workers * bytes : bytes));
    uint8_t *scratch = scratches.back()->data();
    ThreadCalls &own = calls.emplace_back();
    if (work.hasParts) {
      scratch += number * bytes;
      add(own, machine.prologue, scratch, bytes, 0, 0);
    }
    for (auto [first, last] : ranges)
      add(own, machine.function, scratch, bytes, first, last);
  }
  std::vector<ThreadCalls> finish;
  if (work.hasParts)
    add(finish.emplace_back(), machine.finish, scratches.front()->data(),
        workers * bytes, bytes, workers);
  if (!isIntact)
    return false;
  Executor::get().run(calls);
  if (work.hasParts)
    Executor::get().run(finish);
  return llvm::all_of(scratches, [](const std::unique_ptr<Guarded> &scratch) {
    return scratch->isFrontIntact();
  });
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// The same bits, or both no number. `kUnwritten` is none of these.
bool isSame(float want, float got) {
  uint32_t bits[2];
  std::memcpy(&bits[0], &want, 4);
  std::memcpy(&bits[1], &got, 4);
  if (std::isnan(want))
    return std::isnan(got) && bits[1] != 0xffffffff;
  return bits[0] == bits[1];
}

/// Compares a tensor with the reference; says where it differs most.
std::string compareFloats(const Case &tested, const FloatTensor &expected,
                          const float *got, double &worst) {
  if (!std::isfinite(tested.tolerance))
    return "";
  double largest = 1;
  for (double x : expected.data)
    if (std::isfinite(x))
      largest = std::max(largest, std::fabs(x));
  size_t at = 0;
  double most = -1;
  for (size_t i = 0; i < expected.data.size(); ++i) {
    double want = expected.data[i];
    double difference = std::fabs(got[i] - want) / largest;
    if (tested.tolerance == 0)
      difference = isSame(static_cast<float>(want), got[i]) ? 0 : HUGE_VAL;
    else if (got[i] == want || (std::isnan(got[i]) && std::isnan(want)))
      difference = 0; // infinities, and what is no number
    if (!(difference <= HUGE_VAL))
      difference = HUGE_VAL; // not a number
    if (difference > most) {
      most = difference;
      at = i;
    }
  }
  worst = std::max(worst, most);
  if (most <= tested.tolerance)
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "expected " << expected.data[at] << " at [";
  int64_t rest = static_cast<int64_t>(at);
  int64_t size = expected.rowSize();
  os << rest / size << "][" << rest % size << "], but got " << got[at]
     << " (relative difference " << most << ", largest " << largest << ")";
  return text;
}

/// Compares a cache with the reference, bit for bit, slots that nobody filled
/// included.
std::string compareCache(const interp::CacheValue &expected,
                         CacheMemory &memory) {
  CacheMemory reference(memory.type, memory.capacity);
  const interp::CacheLayer &layer = *expected.layers[kLayer];
  int64_t width = memory.type.getHeads() * memory.type.getDim();
  for (int64_t slot = 0; slot < layer.slots(); ++slot)
    reference.setSlot(slot, &layer.key[slot * width],
                      &layer.value[slot * width]);
  auto differ = [](const Guarded &a, const Guarded &b) -> int64_t {
    for (size_t i = 0; i < a.size(); ++i)
      if (a.data()[i] != b.data()[i])
        return static_cast<int64_t>(i);
    return -1;
  };
  if (int64_t at = differ(reference.cells, memory.cells); at >= 0)
    return "expected the reference's keys and values, but byte " +
           std::to_string(at) + " differs";
  return "";
}

/// Compares values and indices with the largest of `logits`, bit for bit.
std::string compareRanks(const FloatTensor &shape, const float *logits,
                         const float *values, const int32_t *indices,
                         int64_t count, int64_t most) {
  for (int64_t row = 0; row < shape.rows(); ++row) {
    const float *own = logits + row * shape.rowSize();
    std::vector<int32_t> order;
    for (int64_t i = 0; i < shape.rowSize(); ++i)
      if (!std::isnan(own[i]))
        order.push_back(static_cast<int32_t>(i));
    llvm::sort(order, [&](int32_t a, int32_t b) {
      return own[a] != own[b] ? own[a] > own[b] : a < b;
    });
    for (int64_t i = 0; i < most; ++i) {
      bool isThere = i < count && i < static_cast<int64_t>(order.size());
      int32_t want = isThere ? order[i] : -1;
      float value = isThere ? own[want] : -HUGE_VALF;
      int64_t at = row * most + i;
      if (indices[at] != want || !isSame(value, values[at]))
        return "expected " + std::to_string(value) + " of column " +
               std::to_string(want) + " in place " + std::to_string(i) +
               " of row " + std::to_string(row) + ", but got " +
               std::to_string(values[at]) + " of column " +
               std::to_string(indices[at]);
    }
  }
  return "";
}

std::string describe(const Conditions &given) {
  std::string text = std::to_string(given.rows) + " rows";
  if (given.count)
    text += ", the best " + std::to_string(given.count);
  if (given.chosen)
    text += ", " + std::to_string(given.chosen) + " chosen";
  if (given.used)
    text += ", " + std::to_string(given.used) + " slots used";
  if (given.start)
    text += ", from position " + std::to_string(given.start);
  if (given.isHidden)
    text += ", nothing visible";
  if (given.isShuffled)
    text += ", shuffled positions";
  if (given.isBroken)
    text += ", some not finite";
  return text;
}

} // namespace

/// One set of conditions, one way of sharing.
static std::string runOnce(const Case &tested, func::FuncOp function,
                           const Library &library, Memory &memory,
                           llvm::ArrayRef<RuntimeValue> expected,
                           const Sharing &sharing, double &worst) {
  memory.reset();
  for (KernelOp kernel : function.getOps<KernelOp>())
    if (!runKernel(kernel, library.get(kernel), memory, sharing))
      return "expected a kernel that stays in its scratch memory";
  if (!memory.areFrontsIntact())
    return "expected no write before the start of a buffer";
  Operation *end = function.front().getTerminator();
  auto buffer = [&](unsigned result) -> Guarded & {
    return memory.buffer(end->getOperand(result));
  };
  for (auto [index, value] : llvm::enumerate(end->getOperands())) {
    std::string problem;
    if (tested.isRanked && index == 2)
      problem = compareRanks(
          *std::get<std::shared_ptr<const FloatTensor>>(expected[0]),
          buffer(0).as<float>(), buffer(1).as<float>(), buffer(2).as<int32_t>(),
          memory.conditions().count,
          cast<RankedTensorType>(value.getType()).getDimSize(1));
    else if (isa<CacheType>(value.getType()))
      problem = compareCache(std::get<interp::CacheValue>(expected[index]),
                             memory.cache(value));
    else
      problem = compareFloats(
          tested,
          *std::get<std::shared_ptr<const FloatTensor>>(expected[index]),
          memory.buffer(value).as<float>(), worst);
    if (!problem.empty())
      return "result " + std::to_string(index) + ": " + problem;
  }
  return "";
}

/// What `kernel` wrote when only some units ran: every byte that changed.
static std::vector<bool> findWritten(func::FuncOp function, KernelOp kernel,
                                     const Library &library, Memory &memory,
                                     std::pair<int64_t, int64_t> range) {
  memory.reset();
  for (KernelOp before : function.getOps<KernelOp>()) {
    if (before == kernel)
      break;
    runKernel(before, library.get(before), memory, sharings[0]);
  }
  std::vector<Guarded *> buffers;
  for (Value result : kernel.getResults()) {
    if (isa<RankedTensorType>(result.getType())) {
      buffers.push_back(&memory.buffer(result));
    } else {
      buffers.push_back(&memory.cache(result).cells);
    }
  }
  std::vector<std::vector<uint8_t>> contents;
  for (Guarded *buffer : buffers)
    contents.emplace_back(buffer->data(), buffer->data() + buffer->size());
  Sharing part{"", [&](int64_t) { return std::vector<Ranges>{{range}}; }};
  runKernel(kernel, library.get(kernel), memory, part);
  std::vector<bool> isWritten;
  for (auto [buffer, old] : llvm::zip(buffers, contents))
    for (size_t i = 0; i < old.size(); ++i)
      isWritten.push_back(buffer->data()[i] != old[i]);
  return isWritten;
}

/// Two workers never write the same byte: a worker stays in its range.
static std::string checkDisjoint(func::FuncOp function, const Library &library,
                                 Memory &memory) {
  for (KernelOp kernel : function.getOps<KernelOp>()) {
    // Units of these write to scratch memory only.
    if (library.get(kernel).work.hasParts)
      continue;
    int64_t units = countUnits(kernel, library.get(kernel), memory);
    for (int64_t middle : {int64_t(1), units / 2, units - 1}) {
      if (middle <= 0 || middle >= units)
        continue;
      std::vector<bool> low =
          findWritten(function, kernel, library, memory, {0, middle});
      std::vector<bool> high =
          findWritten(function, kernel, library, memory, {middle, units});
      for (size_t i = 0; i < low.size(); ++i)
        if (low[i] && high[i])
          return "expected units that write different bytes, but units before "
                 "and from " +
                 std::to_string(middle) + " on both write byte " +
                 std::to_string(i);
    }
  }
  return "";
}

void tenon::conformance::check(const Case &tested, func::FuncOp function,
                               interp::Interpreter &interpreter,
                               const Library &library, Report &report) {
  double &worst = report.worst[{tested.group, tested.format}];
  for (const Conditions &conditions : tested.conditions) {
    Memory memory(tested, conditions, function);
    FailureOr<std::vector<RuntimeValue>> expected =
        interpreter.run(function, memory.arguments());
    if (failed(expected)) {
      llvm::errs() << tested.name << ": expected the interpreter to run it\n";
      ++report.failures;
      return;
    }
    for (const Sharing &sharing : sharings) {
      std::string place =
          tested.name + " (" + describe(conditions) + ", " + sharing.name + ")";
      setRunning(place);
      ++report.runs;
      std::string problem =
          runOnce(tested, function, library, memory, *expected, sharing, worst);
      if (problem.empty())
        continue;
      ++report.failures;
      llvm::errs() << place << ": " << problem << "\n";
    }
    std::string place = tested.name + " (" + describe(conditions) + ")";
    setRunning(place);
    std::string problem = checkDisjoint(function, library, memory);
    if (!problem.empty()) {
      ++report.failures;
      llvm::errs() << place << ": " << problem << "\n";
    }
  }
}

std::function<void()> tenon::conformance::prepare(const Case &tested,
                                                  const Conditions &conditions,
                                                  func::FuncOp function,
                                                  const Library &library) {
  struct State {
    explicit State(Memory memory) : memory(std::move(memory)) {}
    Memory memory;
    std::vector<ThreadCalls> threads = {{}};
    std::vector<std::unique_ptr<Guarded>> scratch;
  };
  auto state = std::make_shared<State>(Memory(tested, conditions, function));
  for (KernelOp kernel : function.getOps<KernelOp>()) {
    const Machine &machine = library.get(kernel);
    Call call = makeCall(kernel, state->memory);
    if (machine.shape != cpu::KernelShape::Rows) {
      int64_t bytes = machine.work.scratchBytes;
      state->scratch.push_back(std::make_unique<Guarded>(bytes));
      call.addMemref(state->scratch.back()->data(), {bytes});
    }
    call.addNumber(0);
    call.addNumber(countUnits(kernel, machine, state->memory));
    if (!call.fits())
      llvm::report_fatal_error("expected a kernel with fewer arguments");
    call.function = machine.function;
    state->threads.front().push_back(std::move(call));
  }
  return [state] { Executor::get().run(state->threads); };
}
