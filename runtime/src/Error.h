//===- Error.h - a failure with its sentence ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Failures inside the runtime are values. Exceptions come only from the
// standard library (memory, threads) and end at the C boundary (Api.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_ERROR_H
#define TENON_RUNTIME_ERROR_H

#include "tenon-rt/status.h"

#include <sstream>
#include <string>
#include <utility>

namespace tenon::runtime {

/// A status and, unless it is TENON_RT_OK, a message. Converts to true when
/// it is a failure.
struct [[nodiscard]] Error {
  tenon_rt_status status = TENON_RT_OK;
  std::string message;

  explicit operator bool() const { return status != TENON_RT_OK; }
};

/// The absence of a failure.
inline Error success() { return {}; }

/// Makes a failure; the message is the parts written one after the other.
template <typename... Parts>
Error failure(tenon_rt_status status, const Parts &...parts) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  (text << ... << parts);
  return {status, text.str()};
}

} // namespace tenon::runtime

#endif // TENON_RUNTIME_ERROR_H
