//===- Normalizer.cpp - canonical composition -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// utf8proc decomposes and composes. Its own ordering of combining marks is
// quadratic in the length of a run of marks, so that a hostile text could keep
// it busy for hours; the marks are therefore sorted here, by its classes.
//
//===----------------------------------------------------------------------===//

#include "Normalizer.h"

#include "Utf8.h"

#include <algorithm>
#include <tuple>
#include <utf8proc.h>
#include <vector>

using namespace tenon::text;

static int combiningClass(utf8proc_int32_t codepoint) {
  return utf8proc_get_property(codepoint)->combining_class;
}

/// Sorts every run of combining marks by class; marks of a class keep their
/// order.
static void sortMarks(std::vector<utf8proc_int32_t> &text) {
  auto isMark = [](utf8proc_int32_t c) { return combiningClass(c) != 0; };
  // Class, place and mark: no two are equal, so any sort keeps the order.
  std::vector<std::tuple<int, size_t, utf8proc_int32_t>> marks;
  auto at = text.begin();
  while (at != text.end()) {
    auto first = std::find_if(at, text.end(), isMark);
    at = std::find_if_not(first, text.end(), isMark);
    if (at - first < 2)
      continue;
    marks.clear();
    for (auto mark = first; mark != at; ++mark)
      marks.emplace_back(combiningClass(*mark), marks.size(), *mark);
    std::sort(marks.begin(), marks.end());
    for (const auto &mark : marks)
      *first++ = std::get<2>(mark);
  }
}

tenon_text_status tenon::text::toNfc(std::string_view text, std::string &out) {
  out.clear();
  std::vector<utf8proc_int32_t> codepoints;
  codepoints.reserve(text.size() + text.size() / 4);
  while (!text.empty()) {
    Utf8Step step = utf8Step(text);
    text.remove_prefix(step.length);
    if (step.codepoint < 0x80) {
      codepoints.push_back(static_cast<utf8proc_int32_t>(step.codepoint));
      continue;
    }
    // No character has a canonical decomposition of more than four.
    utf8proc_int32_t parts[8];
    int boundClass = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(step.codepoint), parts, 8,
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE),
        &boundClass);
    if (count < 0 || count > 8)
      return fail(TENON_TEXT_INTERNAL, "normalizer: utf8proc failed");
    codepoints.insert(codepoints.end(), parts, parts + count);
  }
  sortMarks(codepoints);
  utf8proc_ssize_t count = utf8proc_normalize_utf32(
      codepoints.data(), static_cast<utf8proc_ssize_t>(codepoints.size()),
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (count < 0)
    return fail(TENON_TEXT_INTERNAL,
                std::string("normalizer: ") + utf8proc_errmsg(count));
  out.reserve(text.size());
  for (utf8proc_ssize_t i = 0; i < count; ++i)
    appendUtf8(static_cast<uint32_t>(codepoints[i]), out);
  return TENON_TEXT_OK;
}
