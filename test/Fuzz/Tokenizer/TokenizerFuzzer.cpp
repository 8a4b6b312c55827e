//===- TokenizerFuzzer.cpp - metadata and text from strangers
//--------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An input is a byte of flags, the length of a text (uint16, little endian),
// the text, and a metadata blob. The whole C interface runs over it; beyond
// crashes, it fails when an id lies outside the vocabulary, when a stream hands
// out anything but UTF-8, or when a failure has no text.
//
//===----------------------------------------------------------------------===//

#include "Utf8.h"
#include "tenon-text/text.h"

#include <cstdlib>
#include <cstring>
#include <string>

using namespace tenon::text;

/// Ends the run when `holds` is false.
static void require(bool holds) {
  if (!holds)
    std::abort();
}

/// A failed call has to say why.
static bool succeeded(tenon_text_status status) {
  require(status == TENON_TEXT_OK || *tenon_text_last_error());
  return status == TENON_TEXT_OK;
}

static void readAll(const tenon_text_metadata *metadata) {
  for (size_t i = 0; i < tenon_text_metadata_count(metadata); ++i) {
    const char *data;
    size_t bytes;
    require(succeeded(tenon_text_metadata_key(metadata, i, &data, &bytes)));
    std::string key(data, bytes);
    const char *name = key.c_str();
    tenon_text_type type;
    uint64_t unsignedValue, count;
    int64_t signedValue;
    double real;
    int boolean;
    const void *array;
    succeeded(tenon_text_metadata_type(metadata, name, &type));
    succeeded(tenon_text_metadata_u64(metadata, name, &unsignedValue));
    succeeded(tenon_text_metadata_i64(metadata, name, &signedValue));
    succeeded(tenon_text_metadata_f64(metadata, name, &real));
    succeeded(tenon_text_metadata_bool(metadata, name, &boolean));
    succeeded(tenon_text_metadata_string(metadata, name, &data, &bytes));
    succeeded(tenon_text_metadata_array(metadata, name, &type, &count, &array,
                                        &bytes));
  }
}

static void requireUtf8(const char *text, size_t bytes) {
  require(findInvalidUtf8({text, bytes}) == std::string_view::npos);
}

static void decode(const tenon_text_tokenizer *tokenizer, uint32_t flags,
                   const int32_t *ids, size_t count) {
  tenon_text_stream *stream;
  require(succeeded(tenon_text_stream_open(tokenizer, flags, &stream)));
  const char *text;
  size_t bytes;
  for (size_t i = 0; i < count; ++i) {
    if (succeeded(tenon_text_stream_push(stream, ids[i], &text, &bytes)))
      requireUtf8(text, bytes);
    succeeded(tenon_text_token_bytes(tokenizer, ids[i], &text, &bytes));
    tenon_text_is_end(tokenizer, ids[i]);
    tenon_text_is_control(tokenizer, ids[i]);
  }
  require(succeeded(tenon_text_stream_flush(stream, &text, &bytes)));
  requireUtf8(text, bytes);
  tenon_text_stream_close(stream);
}

static void useTokenizer(const tenon_text_tokenizer *tokenizer, uint8_t flags,
                         const char *text, size_t bytes) {
  int32_t *ids;
  size_t count;
  size_t vocabulary = tenon_text_vocab_size(tokenizer);
  if (succeeded(
          tenon_text_encode(tokenizer, text, bytes, flags & 7, &ids, &count))) {
    for (size_t i = 0; i < count; ++i)
      require(ids[i] >= 0 && static_cast<size_t>(ids[i]) < vocabulary);
    decode(tokenizer, flags >> 3, ids, count);
    tenon_text_free(ids);
  }
  // The text's bytes as ids: sequences that no text encodes to.
  std::string raw(text, bytes);
  std::basic_string<int32_t> numbers;
  for (char c : raw)
    numbers += static_cast<signed char>(c);
  decode(tokenizer, flags >> 3, numbers.data(), numbers.size());
  tenon_text_find_token(tokenizer, text, bytes);
  const char *chat;
  succeeded(tenon_text_chat_template(tokenizer, &chat, &bytes));
  for (int role = TENON_TEXT_BOS; role <= TENON_TEXT_PAD; ++role)
    tenon_text_role_id(tokenizer, static_cast<tenon_text_role>(role));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3)
    return 0;
  uint8_t flags = data[0];
  size_t textBytes = data[1] | data[2] << 8;
  if (textBytes > size - 3)
    textBytes = size - 3;
  // Copies of their own, so that the sanitizer sees every byte too far.
  std::string text(reinterpret_cast<const char *>(data + 3), textBytes);
  size_t blobBytes = size - 3 - textBytes;
  auto *blob = static_cast<uint8_t *>(std::malloc(blobBytes ? blobBytes : 1));
  std::memcpy(blob, data + 3 + textBytes, blobBytes);

  tenon_text_metadata *metadata;
  if (succeeded(tenon_text_metadata_open(blob, blobBytes, &metadata))) {
    readAll(metadata);
    tenon_text_tokenizer *tokenizer;
    bool opened = succeeded(tenon_text_tokenizer_open(metadata, &tokenizer));
    tenon_text_metadata_close(metadata);
    if (opened) {
      useTokenizer(tokenizer, flags, text.data(), text.size());
      tenon_text_tokenizer_close(tokenizer);
    }
  }
  std::free(blob);
  return 0;
}
