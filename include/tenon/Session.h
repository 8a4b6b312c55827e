//===- tenon/Session.h - the compiler in a process --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of Tenon's public interface.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_SESSION_H
#define TENON_SESSION_H

#include <memory>
#include <string>

namespace tenon {

/// Versions of what the compiler is made of.
struct Version {
  std::string tenon;   ///< "0.1.0"
  std::string llvm;    ///< "22.1.8"
  unsigned runtimeAbi; ///< TENON_RT_ABI_VERSION of the artifacts it writes

  /// "tenon 0.1.0, LLVM 22.1.8".
  std::string str() const;
};

/// Versions of the library that the program is linked with.
Version getVersion();

/// What invocations share: registered dialects and threads. A session outlives
/// its invocations; several of them may run at the same time.
class Session {
public:
  /// `threads`: threads for all invocations together; 0: one per processor.
  explicit Session(unsigned threads = 0);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  class Impl;
  Impl &impl() const { return *implementation; }

private:
  std::unique_ptr<Impl> implementation;
};

} // namespace tenon

#endif // TENON_SESSION_H
