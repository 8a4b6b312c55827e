//===- LocalExecutor.cpp - kernels in this process ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Executor.h"
#include "Remote.h"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <sys/mman.h>
#include <thread>
#include <utility>

using namespace tenon::conformance;

void Call::addMemref(void *data, llvm::ArrayRef<int64_t> shape) {
  std::vector<int64_t> fields = {reinterpret_cast<int64_t>(data),
                                 reinterpret_cast<int64_t>(data), 0};
  fields.insert(fields.end(), shape.begin(), shape.end());
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  fields.insert(fields.end(), strides.begin(), strides.end());
  arguments.push_back({0, std::move(fields)});
}

bool Call::fits() const { return arguments.size() <= TENON_REMOTE_ARGUMENTS; }

namespace {

/// The convention of x86-64 lets a function be called with more arguments
/// than it takes.
template <size_t... I>
#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
void callWith(void *function, const int64_t *words, std::index_sequence<I...>) {
  auto entry = reinterpret_cast<void (*)(decltype(static_cast<int64_t>(I))...)>(
      function);
  entry(words[I]...);
}

#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
void runCalls(const ThreadCalls &calls) {
  for (const Call &call : calls) {
    int64_t words[TENON_REMOTE_ARGUMENTS] = {};
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      const Call::Argument &argument = call.arguments[i];
      words[i] = argument.descriptor.empty()
                     ? argument.number
                     : reinterpret_cast<int64_t>(argument.descriptor.data());
    }
    callWith(call.function, words,
             std::make_index_sequence<TENON_REMOTE_ARGUMENTS>());
  }
}

class LocalExecutor : public Executor {
public:
  llvm::Expected<std::vector<void *>> load(const std::string &path,
                                           const std::string &symbol,
                                           size_t count,
                                           void *&handle) override {
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void *table = handle ? dlsym(handle, symbol.c_str()) : nullptr;
    if (!table)
      return llvm::createStringError(dlerror());
    void **first = static_cast<void **>(table);
    return std::vector<void *>(first, first + count);
  }

  void unload(void *handle) override { dlclose(handle); }

  void run(llvm::ArrayRef<ThreadCalls> threads) override {
    if (threads.size() == 1)
      return runCalls(threads.front());
    std::vector<std::thread> workers;
    for (const ThreadCalls &calls : threads)
      workers.emplace_back([&calls] { runCalls(calls); });
    for (std::thread &worker : workers)
      worker.join();
  }

  uint8_t *allocate(size_t bytes) override {
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::perror("expected memory for a buffer");
      std::exit(2);
    }
    return static_cast<uint8_t *>(memory);
  }

  void release(uint8_t *pages, size_t bytes) override { munmap(pages, bytes); }

  void protect(uint8_t *pages, size_t bytes, int protection) override {
    mprotect(pages, bytes, protection);
  }
};

std::unique_ptr<Executor> &instance() {
  static std::unique_ptr<Executor> executor = std::make_unique<LocalExecutor>();
  return executor;
}

} // namespace

Executor &Executor::get() { return *instance(); }

void Executor::set(std::unique_ptr<Executor> executor) {
  instance() = std::move(executor);
}
