//===- Invocation.cpp - one compilation -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The border between the public interface and MLIR: diagnostics become plain
// data here, and nothing of LLVM goes out.
//
//===----------------------------------------------------------------------===//

#include "tenon/Invocation.h"

#include "lib/Compiler/Compilation.h"
#include "lib/Compiler/SessionImpl.h"

#include "llvm/Support/JSON.h"

#include <cstdlib>

using namespace tenon;

namespace {

/// The place that a person would look at: a position in a file, or a name.
std::string locationText(mlir::Location location) {
  std::string text;
  location->walk([&](mlir::Location part) {
    if (auto position = llvm::dyn_cast<mlir::FileLineColLoc>(part))
      text = (position.getFilename().getValue() + ":" +
              llvm::Twine(position.getLine()) + ":" +
              llvm::Twine(position.getColumn()))
                 .str();
    else if (auto name = llvm::dyn_cast<mlir::NameLoc>(part))
      text = name.getName().str();
    else
      return mlir::WalkResult::advance();
    return mlir::WalkResult::interrupt();
  });
  return text;
}

Severity toSeverity(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Note:
    return Severity::Note;
  case mlir::DiagnosticSeverity::Warning:
    return Severity::Warning;
  case mlir::DiagnosticSeverity::Error:
    return Severity::Error;
  case mlir::DiagnosticSeverity::Remark:
    return Severity::Remark;
  }
  return Severity::Error;
}

} // namespace

const char *tenon::severityName(Severity severity) {
  switch (severity) {
  case Severity::Error:
    return "error";
  case Severity::Warning:
    return "warning";
  case Severity::Note:
    return "note";
  case Severity::Remark:
    return "remark";
  }
  return "";
}

std::string Diagnostic::str() const {
  std::string text = location.empty() ? "" : location + ": ";
  return text + severityName(severity) + ": " + message;
}

std::string CompileResult::error() const {
  for (const Diagnostic &diagnostic : diagnostics)
    if (diagnostic.severity == Severity::Error)
      return diagnostic.str();
  return std::string();
}

std::string CompileResult::statistics() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream, 2);
  double seconds = 0;
  uint64_t anonymous = 0, resident = 0;
  for (const StepReport &step : steps) {
    seconds += step.seconds;
    anonymous = std::max(anonymous, step.anonymousBytes);
    resident = std::max(resident, step.residentBytes);
  }
  json.object([&] {
    json.attribute("compiler", getVersion().str());
    json.attribute("seconds", seconds);
    json.attribute("peak_anonymous_bytes", anonymous);
    json.attribute("peak_resident_bytes", resident);
    json.attribute("code_bytes", codeBytes);
    json.attribute("weight_bytes", weightBytes);
    json.attribute("kernels", kernels);
    json.attribute("cached_kernels", cachedKernels);
    json.attributeArray("steps", [&] {
      for (const StepReport &step : steps)
        json.object([&] {
          json.attribute("name", step.name);
          json.attribute("seconds", step.seconds);
          json.attribute("anonymous_bytes", step.anonymousBytes);
          json.attribute("resident_bytes", step.residentBytes);
          if (!step.note.empty())
            json.attribute("note", step.note);
        });
    });
  });
  return text + "\n";
}

std::string tenon::defaultCacheFolder() {
  // A relative path is invalid by the rules of these variables.
  auto absolute = [](const char *name) {
    const char *value = std::getenv(name);
    return value && value[0] == '/' ? std::string(value) : std::string();
  };
  if (std::string base = absolute("XDG_CACHE_HOME"); !base.empty())
    return base + "/tenon";
  if (std::string home = absolute("HOME"); !home.empty())
    return home + "/.cache/tenon";
  return std::string();
}

Invocation::Invocation(Session &session, CompileOptions options)
    : session(session), options(std::move(options)) {}

void Invocation::onDiagnostic(DiagnosticHandler handler) {
  diagnosticHandler = std::move(handler);
}

void Invocation::onProgress(ProgressHandler handler) {
  progressHandler = std::move(handler);
}

CompileResult Invocation::run(const Source &source, const Output &output) {
  CompileResult result;
  auto report = [&](Diagnostic diagnostic) {
    result.diagnostics.push_back(diagnostic);
    if (diagnosticHandler)
      diagnosticHandler(diagnostic);
  };
  auto checked = checkOptions(options, source, output);
  if (!checked) {
    result.optionsRefused = true;
    report({Severity::Error, "", llvm::toString(checked.takeError())});
    return result;
  }
  std::unique_ptr<mlir::MLIRContext> context = session.impl().createContext();
  mlir::ScopedDiagnosticHandler handler(
      context.get(), [&](mlir::Diagnostic &diagnostic) {
        report({toSeverity(diagnostic.getSeverity()),
                locationText(diagnostic.getLocation()), diagnostic.str()});
        for (mlir::Diagnostic &note : diagnostic.getNotes())
          report(
              {Severity::Note, locationText(note.getLocation()), note.str()});
        return mlir::success();
      });
  Monitor monitor(result.steps, progressHandler);
  Compilation compilation(context.get(), options, *checked, source, output,
                          monitor, result);
  result.succeeded = mlir::succeeded(compilation.run());
  if (!result.succeeded && result.error().empty())
    report({Severity::Error, "",
            "compilation of '" + source.path() +
                "' failed without a reason; please "
                "report this"});
  return result;
}
