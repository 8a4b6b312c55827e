//===- OutputFiles.cpp - files that appear together or not ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Renaming is the last step and happens within one folder, so that it can fail
// for few reasons; the one that a user can cause, a folder in the place of a
// file, is looked for before the first rename.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/OutputFiles.h"

#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <unistd.h>

using namespace tenon;
namespace fs = llvm::sys::fs;

namespace {

llvm::Error folderError(llvm::StringRef folder, std::error_code error) {
  return llvm::createStringError(
      error,
      "%s: expected an output folder that can be written, but got: %s; "
      "name another one with -o",
      folder.str().c_str(), error.message().c_str());
}

} // namespace

llvm::Expected<std::unique_ptr<OutputFiles>>
OutputFiles::open(llvm::StringRef folder, llvm::StringRef name) {
  std::unique_ptr<OutputFiles> files(new OutputFiles());
  files->folder = folder.str();
  files->name = name.str();
  files->unique =
      llvm::formatv("{0:x-}{1:x-}", llvm::sys::Process::getProcessId(),
                    llvm::sys::Process::GetRandomNumber() & 0xffffffu);
  bool existed = fs::exists(folder);
  if (std::error_code error =
          fs::create_directories(folder, /*IgnoreExisting=*/true, fs::all_all))
    return folderError(folder, error);
  files->madeFolder = !existed;
  if (!fs::is_directory(folder))
    return folderError(folder,
                       llvm::make_error_code(llvm::errc::not_a_directory));
  if (::access(folder.str().c_str(), W_OK | X_OK) != 0)
    return folderError(folder, std::error_code(errno, std::generic_category()));
  return files;
}

OutputFiles::~OutputFiles() {
  for (const File &file : files) {
    fs::remove(file.temporary);
    llvm::sys::DontRemoveFileOnSignal(file.temporary);
  }
  // Fails when something is in it, as it should.
  if (madeFolder)
    ::rmdir(folder.c_str());
}

std::string OutputFiles::add(llvm::StringRef suffix) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, "." + name + suffix + "." + unique);
  files.push_back({suffix.str(), path.str().str()});
  llvm::sys::RemoveFileOnSignal(path);
  return files.back().temporary;
}

llvm::Error
OutputFiles::write(llvm::StringRef suffix,
                   std::function<void(llvm::raw_ostream &)> content) {
  std::error_code error;
  llvm::raw_fd_ostream stream(add(suffix), error, fs::CD_CreateNew);
  if (!error) {
    content(stream);
    stream.close();
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    return failure(suffix, llvm::errorCodeToError(error));
  return llvm::Error::success();
}

std::string OutputFiles::finalPath(llvm::StringRef suffix) const {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, name + suffix);
  return path.str().str();
}

llvm::Error OutputFiles::failure(llvm::StringRef suffix,
                                 llvm::Error cause) const {
  std::string reason = llvm::toString(std::move(cause));
  // What the system said of the temporary name concerns the final one.
  for (const File &file : files)
    for (size_t at; (at = reason.find(file.temporary)) != std::string::npos;)
      reason.replace(at, file.temporary.size(), finalPath(file.suffix));
  return llvm::createStringError(llvm::errc::io_error,
                                 "%s: expected to write the file, but got: %s",
                                 finalPath(suffix).c_str(), reason.c_str());
}

llvm::Expected<std::vector<std::string>> OutputFiles::commit() {
  for (const File &file : files)
    if (fs::is_directory(finalPath(file.suffix)))
      return failure(file.suffix, llvm::errorCodeToError(llvm::make_error_code(
                                      llvm::errc::is_a_directory)));
  std::vector<std::string> paths;
  for (const File &file : files) {
    if (std::error_code error =
            fs::rename(file.temporary, finalPath(file.suffix)))
      return failure(file.suffix, llvm::errorCodeToError(error));
    llvm::sys::DontRemoveFileOnSignal(file.temporary);
    paths.push_back(finalPath(file.suffix));
  }
  files.clear();
  madeFolder = false;
  return paths;
}
