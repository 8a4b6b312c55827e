//===- Error.h - error text of the text library -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every fallible function of this library returns a tenon_text_status. The one
// that finds the fault calls fail(), which keeps the text for the thread;
// everybody else hands the status on.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_SRC_ERROR_H
#define TENON_TEXT_SRC_ERROR_H

#include "tenon-text/text.h"

#include <string>
#include <string_view>

namespace tenon::text {

/// Keeps `message` as the thread's last error and returns `status`.
tenon_text_status fail(tenon_text_status status, std::string message) noexcept;

/// `text` between single quotes for a message: at most 40 bytes of it, bytes
/// that are not printable ASCII as \xNN.
std::string quote(std::string_view text);

} // namespace tenon::text

#endif // TENON_TEXT_SRC_ERROR_H
