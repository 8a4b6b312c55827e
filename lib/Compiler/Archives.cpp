//===- Archives.cpp - the files behind tenon.archive ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A module may be compiled long after it was written, from another folder or
// beside a file that has changed since: the fingerprint says whether the file
// is the one that the module was made from.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Archives.h"

#include "dialects/Tenon/IR/Tenon.h"

#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tenon;

namespace {

/// GGUF's encoding of no pairs at all.
constexpr uint8_t kNoMetadata[8] = {};

std::string findFile(llvm::StringRef file, llvm::StringRef irFolder) {
  if (irFolder.empty() || llvm::sys::path::is_absolute(file) ||
      llvm::sys::fs::exists(file))
    return file.str();
  llvm::SmallString<128> beside(irFolder);
  llvm::sys::path::append(beside, file);
  return llvm::sys::fs::exists(beside) ? beside.str().str() : file.str();
}

llvm::Error shapeError(const PackedTensor &tensor, llvm::StringRef file) {
  std::string shape;
  llvm::raw_string_ostream stream(shape);
  llvm::interleave(tensor.shape, stream, "x");
  return llvm::createStringError(
      llvm::errc::invalid_argument,
      "%s: tensor '%s': expected %s %s, but the file has another format or "
      "shape; import the model again",
      file.str().c_str(), tensor.name.c_str(), shape.c_str(),
      tensor.format->name.str().c_str());
}

} // namespace

FailureOr<Archives> Archives::open(ModuleOp module, llvm::StringRef irFolder) {
  Archives archives;
  for (auto archive : module.getOps<ArchiveOp>()) {
    llvm::StringRef name = archive.getSymName();
    if (interp::parseSyntheticArchive(archive.getFile())) {
      auto source = interp::openSyntheticArchive(
          archive.getFile(), archive.getFingerprint().value_or(""));
      if (!source)
        return archive.emitError(llvm::toString(source.takeError()));
      archives.sources[name] = std::move(*source);
      continue;
    }
    std::string path = findFile(archive.getFile(), irFolder);
    auto reader = gguf::Reader::open(path);
    if (!reader)
      return archive.emitError(llvm::toString(reader.takeError()));
    std::string actual = (*reader)->fingerprint();
    if (archive.getFingerprint() && *archive.getFingerprint() != actual)
      return archive.emitError(path)
             << ": expected the file that the module was made from, with "
                "fingerprint "
             << *archive.getFingerprint() << ", but got " << actual
             << "; import the model again";
    archives.readers[name] = std::move(*reader);
  }
  return archives;
}

llvm::Expected<llvm::ArrayRef<uint8_t>>
Archives::read(const PackedTensor &tensor) {
  if (auto source = sources.find(tensor.archive); source != sources.end()) {
    auto stored =
        source->second->load(tensor.name, *tensor.format, tensor.shape);
    if (!stored)
      return stored.takeError();
    return stored->bytes;
  }
  auto reader = readers.find(tensor.archive);
  if (reader == readers.end())
    return llvm::createStringError(llvm::errc::invalid_argument,
                                   "expected an archive '%s', but the module "
                                   "has none of this name",
                                   tensor.archive.c_str());
  const gguf::TensorInfo *info = reader->second->findTensor(tensor.name);
  if (!info)
    return llvm::createStringError(
        llvm::errc::invalid_argument,
        "%s: expected a tensor '%s', but the file has none of this name",
        reader->second->path().str().c_str(), tensor.name.c_str());
  if (info->format != tensor.format ||
      llvm::ArrayRef<int64_t>(info->shape()) !=
          llvm::ArrayRef<int64_t>(tensor.shape))
    return shapeError(tensor, reader->second->path());
  return info->bytes;
}

llvm::ArrayRef<uint8_t> Archives::metadata() const {
  if (readers.size() == 1)
    return readers.begin()->second->metadataBytes();
  return kNoMetadata;
}

std::optional<llvm::StringRef> Archives::metadataFile() const {
  if (readers.size() == 1)
    return readers.begin()->second->path();
  return std::nullopt;
}
