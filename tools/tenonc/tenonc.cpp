//===- tenonc.cpp - compiles a model to a native library ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public interface behind a command line, and nothing else: what this
// program can do, a program that links libtenon can do.
//
//===----------------------------------------------------------------------===//

#include "tools/tenonc/CommandLine.h"
#include "tools/tenonc/Progress.h"

#include "tenon/Tenon.h"

#include <cstdio>

using namespace tenon;
using namespace tenon::tool;

int main(int argc, char **argv) {
  openMissingStreams();
  installSignalHandlers();
  int exitCode = 0;
  std::optional<CommandLine> line = parseCommandLine(argc, argv, exitCode);
  if (!line)
    return exitCode;

  Session session(line->threads);
  Invocation invocation(session, line->options);
  invocation.onDiagnostic([](const Diagnostic &diagnostic) {
    std::fprintf(stderr, "tenonc: %s\n", diagnostic.str().c_str());
  });
  if (!line->quiet)
    invocation.onProgress(printStep);
  if (!line->quiet && line->noCacheFolder)
    std::fprintf(stderr, "no kernel cache: neither XDG_CACHE_HOME nor HOME "
                         "names a folder; --cache-dir does\n");
  CompileResult result =
      invocation.run(Source::file(line->input),
                     Output::folder(line->outputFolder, line->name));

  if (result.optionsRefused)
    return 2;
  bool ok = result.succeeded;
  if (line->explain)
    ok &= printText(result.explanation);
  if (!line->statisticsFile.empty())
    ok &= writeText(line->statisticsFile, result.statistics());
  if (result && !line->quiet)
    printFiles(result);
  return ok ? 0 : 1;
}
