//===- ArchiveWeights.cpp - weights of any archive ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interpreter knows no files; this joins it with the GGUF reader.
//
//===----------------------------------------------------------------------===//

#include "lib/Validation/ArchiveWeights.h"

#include "lib/Import/GGUF/Reader.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace tenon;

namespace {

class GGUFWeights : public interp::WeightSource {
public:
  explicit GGUFWeights(std::unique_ptr<gguf::Reader> reader)
      : reader(std::move(reader)) {}

  Expected<interp::StoredTensor> load(StringRef tensor,
                                      const BlockFormat &format,
                                      ArrayRef<int64_t> shape) override {
    const gguf::TensorInfo *info = reader->findTensor(tensor);
    if (!info)
      return createStringError("expected a tensor " + gguf::quoted(tensor) +
                               " in " + reader->path());
    if (info->format != &format)
      return createStringError("expected format " + format.name +
                               " of tensor " + gguf::quoted(tensor) + " in " +
                               reader->path() + ", but got " +
                               info->format->name);
    if (ArrayRef<int64_t>(info->shape()) != shape)
      return createStringError("expected another shape of tensor " +
                               gguf::quoted(tensor) + " in " + reader->path() +
                               "; import the file again");
    return interp::StoredTensor{&format, SmallVector<int64_t, 2>(shape),
                                info->bytes};
  }

private:
  std::unique_ptr<gguf::Reader> reader;
};

} // namespace

Expected<std::unique_ptr<interp::WeightSource>>
tenon::openArchive(StringRef file, StringRef fingerprint) {
  if (interp::parseSyntheticArchive(file))
    return interp::openSyntheticArchive(file, fingerprint);
  Expected<std::unique_ptr<gguf::Reader>> reader = gguf::Reader::open(file);
  if (!reader)
    return reader.takeError();
  std::string found = (*reader)->fingerprint();
  if (!fingerprint.empty() && found != fingerprint)
    return createStringError("expected fingerprint " + fingerprint + " of " +
                             file + ", but got " + found +
                             "; import the file again");
  return std::make_unique<GGUFWeights>(std::move(*reader));
}
