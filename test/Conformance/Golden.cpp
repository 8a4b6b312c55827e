//===- Golden.cpp - recorded errors that may not get larger ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One JSON file for all groups, of which each run reads and writes its own
// entries, "GROUP FORMAT". Differences below 1e-9 are the same: there is only
// noise.
//
//===----------------------------------------------------------------------===//

#include "Golden.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <set>

using namespace tenon::conformance;

/// The recorded values; empty where there is no file or no JSON.
static llvm::json::Object readRecords(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return {};
  llvm::Expected<llvm::json::Value> value =
      llvm::json::parse((*file)->getBuffer());
  if (!value) {
    llvm::errs() << path << ": " << llvm::toString(value.takeError()) << "\n";
    return {};
  }
  llvm::json::Object *object = value->getAsObject();
  return object ? std::move(*object) : llvm::json::Object();
}

static bool writeRecords(const std::string &path, llvm::json::Object records) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (!error)
    stream << llvm::formatv("{0:1}\n", llvm::json::Value(std::move(records)));
  stream.close();
  if (!error && !stream.has_error())
    return true;
  llvm::errs() << path << ": cannot write the file\n";
  stream.clear_error();
  return false;
}

bool tenon::conformance::checkGolden(const std::string &path,
                                     llvm::ArrayRef<std::string> groups,
                                     const Report &report) {
  llvm::json::Object records = readRecords(path);
  std::map<std::string, double> measured;
  for (const auto &[key, worst] : report.worst) {
    // Two digits, as the report has them.
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.1e", worst);
    measured[key.first + " " + key.second] = std::strtod(text.c_str(), nullptr);
  }
  std::set<std::string> entries;
  for (const auto &entry : measured)
    entries.insert(entry.first);
  for (const auto &record : records) {
    llvm::StringRef entry = record.first;
    if (groups.empty() ||
        llvm::is_contained(groups, entry.split(' ').first.str()))
      entries.insert(entry.str());
  }

  bool isUpdate = std::getenv("TENON_GOLDEN_UPDATE") != nullptr;
  bool good = true;
  for (const std::string &entry : entries) {
    auto found = measured.find(entry);
    std::optional<double> old = records.getNumber(entry);
    if (isUpdate) {
      if (found == measured.end())
        records.erase(entry);
      else
        records[entry] = found->second;
      continue;
    }
    if (found != measured.end() && old &&
        found->second <= std::max(*old * 1.05, 1e-9))
      continue;
    good = false;
    llvm::errs() << path << ": '" << entry << "': ";
    if (!old)
      llvm::errs() << "expected a recorded difference, but got only the new "
                   << llvm::format("%.1e", found->second);
    else if (found == measured.end())
      llvm::errs() << "expected to measure what was "
                   << llvm::format("%.1e", *old) << ", but it is gone";
    else
      llvm::errs() << "expected a difference of at most "
                   << llvm::format("%.1e + 5 %%, but got %.1e", *old,
                                   found->second);
    llvm::errs() << "; if it is meant so, run: bash tools/dev/golden.sh "
                    "errors\n";
  }
  return isUpdate ? writeRecords(path, std::move(records)) : good;
}
