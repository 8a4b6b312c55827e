//===- RemoteExecutor.cpp - kernels in a runner ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffers live in memory that the runner maps at the same address. Pages are
// protected in both processes, so that a kernel that leaves its buffers ends
// the runner as it would end this program.
//
//===----------------------------------------------------------------------===//

#include "Executor.h"
#include "Remote.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Errc.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tenon::conformance;

namespace {

llvm::Error systemError(const char *what) {
  return llvm::createStringError(
      std::error_code(errno, std::generic_category()), what);
}

class RemoteExecutor : public Executor {
public:
  explicit RemoteExecutor(void (*onDeath)()) : onDeath(onDeath) {}
  ~RemoteExecutor() override;

  llvm::Error start(const std::string &command);

  llvm::Expected<std::vector<void *>> load(const std::string &path,
                                           const std::string &symbol,
                                           size_t count,
                                           void *&handle) override;
  void unload(void *handle) override;
  void run(llvm::ArrayRef<ThreadCalls> threads) override;
  uint8_t *allocate(size_t bytes) override;
  void release(uint8_t *pages, size_t bytes) override;
  void protect(uint8_t *pages, size_t bytes, int protection) override;

private:
  void put(uint64_t word) { pending.push_back(word); }
  void putText(const std::string &text);
  void flush();
  uint64_t get();
  [[noreturn]] void die();

  void (*onDeath)();
  pid_t runner = -1;
  int requests = -1, replies = -1, memory = -1;
  std::vector<uint64_t> pending;
  /// Released pages by their size; none beyond `used` has ever been handed out.
  std::map<size_t, std::vector<uint8_t *>> released;
  size_t used = 0;
};

} // namespace

llvm::Error RemoteExecutor::start(const std::string &command) {
  memory = memfd_create("conformance", 0);
  if (memory < 0 || ftruncate(memory, TENON_REMOTE_BYTES))
    return systemError("expected memory to share with the runner");
  if (mmap(reinterpret_cast<void *>(TENON_REMOTE_ADDRESS), TENON_REMOTE_BYTES,
           PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, memory,
           0) == MAP_FAILED)
    return systemError("expected the address of the shared memory to be free");
  int in[2], out[2];
  if (pipe(in) || pipe(out))
    return systemError("expected pipes to the runner");
  llvm::SmallVector<llvm::StringRef> words;
  llvm::StringRef(command).split(words, ' ', -1, /*KeepEmpty=*/false);
  std::vector<std::string> arguments;
  for (llvm::StringRef word : words)
    arguments.push_back(word.str());
  arguments.push_back(std::to_string(memory));
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  runner = fork();
  if (runner < 0)
    return systemError("expected to start the runner");
  if (runner == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    for (int end : {in[0], in[1], out[0], out[1]})
      close(end);
    execvp(pointers[0], pointers.data());
    std::perror(pointers[0]);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  requests = in[1];
  replies = out[0];
  std::signal(SIGPIPE, SIG_IGN);
  if (get() != TENON_REMOTE_READY)
    return llvm::createStringError(
        llvm::errc::executable_format_error,
        "expected the runner of this conformance-test, but got another "
        "program: %s",
        command.c_str());
  return llvm::Error::success();
}

RemoteExecutor::~RemoteExecutor() {
  if (requests >= 0)
    close(requests);
  if (replies >= 0)
    close(replies);
  if (memory >= 0)
    close(memory);
  if (runner > 0)
    waitpid(runner, nullptr, 0);
}

void RemoteExecutor::die() {
  int status = 0;
  waitpid(runner, &status, 0);
  if (WIFSIGNALED(status))
    std::fprintf(stderr, "\nrunner: %s", strsignal(WTERMSIG(status)));
  onDeath();
  _exit(2);
}

void RemoteExecutor::putText(const std::string &text) {
  put(text.size());
  size_t words = (text.size() + 7) / 8;
  size_t at = pending.size();
  pending.resize(at + words, 0);
  std::memcpy(pending.data() + at, text.data(), text.size());
}

void RemoteExecutor::flush() {
  const char *at = reinterpret_cast<const char *>(pending.data());
  size_t bytes = pending.size() * sizeof(uint64_t);
  while (bytes) {
    ssize_t count = write(requests, at, bytes);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      die();
    at += count;
    bytes -= static_cast<size_t>(count);
  }
  pending.clear();
}

uint64_t RemoteExecutor::get() {
  uint64_t word;
  char *at = reinterpret_cast<char *>(&word);
  for (size_t bytes = sizeof(word); bytes;) {
    ssize_t count = read(replies, at, bytes);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      die();
    at += count;
    bytes -= static_cast<size_t>(count);
  }
  return word;
}

llvm::Expected<std::vector<void *>>
RemoteExecutor::load(const std::string &path, const std::string &symbol,
                     size_t count, void *&handle) {
  put(TENON_REMOTE_LOAD);
  putText(path);
  putText(symbol);
  put(count);
  flush();
  handle = reinterpret_cast<void *>(get());
  std::vector<void *> table;
  for (size_t i = 0; i < count; ++i)
    table.push_back(reinterpret_cast<void *>(get()));
  return table;
}

void RemoteExecutor::unload(void *handle) {
  put(TENON_REMOTE_UNLOAD);
  put(reinterpret_cast<uint64_t>(handle));
}

void RemoteExecutor::run(llvm::ArrayRef<ThreadCalls> threads) {
  put(TENON_REMOTE_RUN);
  put(threads.size());
  for (const ThreadCalls &calls : threads) {
    put(calls.size());
    for (const Call &call : calls) {
      put(reinterpret_cast<uint64_t>(call.function));
      put(call.arguments.size());
      for (const Call::Argument &argument : call.arguments) {
        put(argument.descriptor.size());
        if (argument.descriptor.empty())
          put(static_cast<uint64_t>(argument.number));
        for (int64_t field : argument.descriptor)
          put(static_cast<uint64_t>(field));
      }
    }
  }
  flush();
  get();
}

uint8_t *RemoteExecutor::allocate(size_t bytes) {
  std::vector<uint8_t *> &known = released[bytes];
  if (!known.empty()) {
    uint8_t *pages = known.back();
    known.pop_back();
    return pages;
  }
  if (used + bytes > TENON_REMOTE_BYTES) {
    std::fprintf(stderr, "expected buffers of at most %llu bytes in all\n",
                 static_cast<unsigned long long>(TENON_REMOTE_BYTES));
    _exit(2);
  }
  uint8_t *pages = reinterpret_cast<uint8_t *>(TENON_REMOTE_ADDRESS) + used;
  used += bytes;
  return pages;
}

void RemoteExecutor::release(uint8_t *pages, size_t bytes) {
  protect(pages, bytes, PROT_READ | PROT_WRITE);
  released[bytes].push_back(pages);
}

void RemoteExecutor::protect(uint8_t *pages, size_t bytes, int protection) {
  mprotect(pages, bytes, protection);
  put(TENON_REMOTE_PROTECT);
  put(reinterpret_cast<uint64_t>(pages));
  put(bytes);
  put(static_cast<uint64_t>(protection));
}

llvm::Expected<std::unique_ptr<Executor>>
tenon::conformance::startRemoteExecutor(const std::string &command,
                                        void (*onDeath)()) {
  auto executor = std::make_unique<RemoteExecutor>(onDeath);
  if (llvm::Error error = executor->start(command))
    return std::move(error);
  return executor;
}
