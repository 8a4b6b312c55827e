//===- TokenizerCheck.cpp - does the artifact's tokenizer work? -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The artifact carries the model's metadata, and the model file may be gone
// when the first text is to be tokenised. So the compiler asks the runtime's
// own text library, and a model without a tokenizer that it can open is
// refused while there is something to be done about it.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/TokenizerCheck.h"

#include "tenon-text/text.h"

#include <memory>

using namespace tenon;

llvm::Error tenon::checkTokenizer(llvm::ArrayRef<uint8_t> metadata,
                                  int64_t vocabulary, llvm::StringRef file) {
  auto refuse = [&](const llvm::Twine &why) {
    return llvm::createStringError(
        file + ": " + why +
        "; convert the model again with its tokenizer (model 'gpt2')");
  };
  tenon_text_metadata *opened = nullptr;
  if (tenon_text_metadata_open(metadata.data(), metadata.size(), &opened) !=
      TENON_TEXT_OK)
    return refuse(tenon_text_last_error());
  std::unique_ptr<tenon_text_metadata, void (*)(tenon_text_metadata *)> owner(
      opened, tenon_text_metadata_close);
  tenon_text_tokenizer *tokenizer = nullptr;
  if (tenon_text_tokenizer_open(opened, &tokenizer) != TENON_TEXT_OK)
    return refuse(tenon_text_last_error());
  auto tokens = static_cast<int64_t>(tenon_text_vocab_size(tokenizer));
  tenon_text_tokenizer_close(tokenizer);
  if (tokens > vocabulary)
    return refuse("key 'tokenizer.ggml.tokens': expected at most " +
                  llvm::Twine(vocabulary) +
                  " tokens, the rows of the output layer, but got " +
                  llvm::Twine(tokens));
  return llvm::Error::success();
}
