//===- TextTool.cpp - the text library on a pipe
//---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program for tests in another language: opens the tokenizer of a metadata
// blob and answers records on standard input by lines on standard output. A
// record is a uint32 (little endian) and that many bytes.
//
//   tenon-text-test BLOB encode FLAGS  text        -> ids, or "error: ..."
//   tenon-text-test BLOB decode FLAGS  int32 ids   -> pieces, hexadecimal
//   tenon-text-test BLOB info                      -> facts, one a line
//
//===----------------------------------------------------------------------===//

#include "tenon-text/text.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

static int failure() {
  std::printf("error: %s\n", tenon_text_last_error());
  return 1;
}

/// Reads the next record of standard input; false at its end.
static bool readRecord(std::string &record) {
  uint32_t size;
  if (!std::cin.read(reinterpret_cast<char *>(&size), sizeof(size)))
    return false;
  record.resize(size);
  return static_cast<bool>(std::cin.read(record.data(), size));
}

static void encode(const tenon_text_tokenizer *tokenizer, uint32_t flags) {
  std::string text;
  while (readRecord(text)) {
    int32_t *ids;
    size_t count;
    if (tenon_text_encode(tokenizer, text.data(), text.size(), flags, &ids,
                          &count)) {
      failure();
      continue;
    }
    for (size_t i = 0; i < count; ++i)
      std::printf(i ? " %d" : "%d", ids[i]);
    std::printf("\n");
    tenon_text_free(ids);
  }
}

static void printHex(const char *data, size_t bytes) {
  std::printf(" ");
  for (size_t i = 0; i < bytes; ++i)
    std::printf("%02x", static_cast<unsigned char>(data[i]));
}

static int decode(const tenon_text_tokenizer *tokenizer, uint32_t flags) {
  tenon_text_stream *stream;
  if (tenon_text_stream_open(tokenizer, flags, &stream))
    return failure();
  std::string record;
  const char *text;
  size_t bytes;
  while (readRecord(record)) {
    for (size_t at = 0; at + sizeof(int32_t) <= record.size();
         at += sizeof(int32_t)) {
      int32_t id;
      std::memcpy(&id, record.data() + at, sizeof(id));
      if (tenon_text_stream_push(stream, id, &text, &bytes))
        return failure();
      printHex(text, bytes);
    }
    if (tenon_text_stream_flush(stream, &text, &bytes))
      return failure();
    printHex(text, bytes);
    std::printf("\n");
  }
  tenon_text_stream_close(stream);
  return 0;
}

static void info(const tenon_text_tokenizer *tokenizer) {
  size_t size = tenon_text_vocab_size(tokenizer);
  std::printf("vocab %zu\n", size);
  for (int role = TENON_TEXT_BOS; role <= TENON_TEXT_PAD; ++role)
    std::printf(
        "role %d %d\n", role,
        tenon_text_role_id(tokenizer, static_cast<tenon_text_role>(role)));
  for (size_t i = 0; i < size; ++i)
    if (tenon_text_is_end(tokenizer, static_cast<int32_t>(i)))
      std::printf("end %zu\n", i);
  const char *chat;
  size_t bytes;
  if (!tenon_text_chat_template(tokenizer, &chat, &bytes))
    std::printf("chat %zu\n", bytes);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s BLOB encode|decode|info [FLAGS]\n",
                 argv[0]);
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  std::string blob((std::istreambuf_iterator<char>(file)), {});
  uint32_t flags = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0;

  tenon_text_metadata *metadata;
  tenon_text_tokenizer *tokenizer;
  if (tenon_text_metadata_open(blob.data(), blob.size(), &metadata))
    return failure();
  tenon_text_status status = tenon_text_tokenizer_open(metadata, &tokenizer);
  tenon_text_metadata_close(metadata);
  if (status)
    return failure();

  std::string command = argv[2];
  int result = 0;
  if (command == "encode")
    encode(tokenizer, flags);
  else if (command == "decode")
    result = decode(tokenizer, flags);
  else
    info(tokenizer);
  tenon_text_tokenizer_close(tokenizer);
  return result;
}
