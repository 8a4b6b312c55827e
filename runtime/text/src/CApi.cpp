//===- CApi.cpp - the C interface of the text library ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks arguments, hands on to the classes, and stops every exception: what
// can be thrown below is the failure to get memory.
//
//===----------------------------------------------------------------------===//

#include "Stream.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>

using namespace tenon::text;

struct tenon_text_metadata {
  Metadata impl;
};
struct tenon_text_tokenizer {
  Tokenizer impl;
};
struct tenon_text_stream {
  Stream impl;
};

/// Calls `body`, which returns a status, and turns exceptions into statuses.
template <typename Body>
static tenon_text_status guarded(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return fail(TENON_TEXT_OUT_OF_MEMORY, "out of memory");
  } catch (const std::length_error &) {
    return fail(TENON_TEXT_OUT_OF_MEMORY, "out of memory");
  }
}

/// Refuses null pointers: `all` tells whether none is.
static tenon_text_status checkPointers(const char *function, bool all) {
  if (all)
    return TENON_TEXT_OK;
  return fail(TENON_TEXT_INVALID_ARGUMENT,
              std::string(function) +
                  ": expected pointers to objects, but got null");
}

static void give(std::string_view text, const char **data, size_t *bytes) {
  *data = text.data();
  *bytes = text.size();
}

extern "C" {

void tenon_text_free(void *memory) { std::free(memory); }

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

tenon_text_status tenon_text_metadata_open(const void *blob, size_t bytes,
                                           tenon_text_metadata **metadata) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_metadata_open", blob && metadata))
      return status;
    auto opened = std::make_unique<tenon_text_metadata>();
    if (auto status =
            opened->impl.parse({static_cast<const char *>(blob), bytes}))
      return status;
    *metadata = opened.release();
    return TENON_TEXT_OK;
  });
}

void tenon_text_metadata_close(tenon_text_metadata *metadata) {
  delete metadata;
}

size_t tenon_text_metadata_count(const tenon_text_metadata *metadata) {
  return metadata ? metadata->impl.pairs().size() : 0;
}

tenon_text_status tenon_text_metadata_key(const tenon_text_metadata *metadata,
                                          size_t index, const char **key,
                                          size_t *bytes) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_metadata_key", metadata && key && bytes))
      return status;
    const std::vector<Pair> &pairs = metadata->impl.pairs();
    if (index >= pairs.size())
      return fail(TENON_TEXT_INVALID_ARGUMENT,
                  "metadata: expected a pair number below " +
                      std::to_string(pairs.size()) + ", but got " +
                      std::to_string(index));
    give(pairs[index].key, key, bytes);
    return TENON_TEXT_OK;
  });
}

tenon_text_status tenon_text_metadata_type(const tenon_text_metadata *metadata,
                                           const char *key,
                                           tenon_text_type *type) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_metadata_type", metadata && key && type))
      return status;
    const Pair *pair;
    if (auto status = metadata->impl.require(key, pair))
      return status;
    *type = pair->type;
    return TENON_TEXT_OK;
  });
}

tenon_text_status tenon_text_metadata_u64(const tenon_text_metadata *metadata,
                                          const char *key, uint64_t *value) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_metadata_u64", metadata && key && value))
      return status;
    uint64_t magnitude;
    bool negative;
    if (auto status = metadata->impl.getInteger(key, magnitude, negative))
      return status;
    if (negative)
      return fail(TENON_TEXT_WRONG_TYPE, "metadata: expected " + quote(key) +
                                             " not to be negative, but got -" +
                                             std::to_string(magnitude));
    *value = magnitude;
    return TENON_TEXT_OK;
  });
}

tenon_text_status tenon_text_metadata_i64(const tenon_text_metadata *metadata,
                                          const char *key, int64_t *value) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_metadata_i64", metadata && key && value))
      return status;
    uint64_t magnitude;
    bool negative;
    if (auto status = metadata->impl.getInteger(key, magnitude, negative))
      return status;
    if (!negative && magnitude > INT64_MAX)
      return fail(TENON_TEXT_WRONG_TYPE, "metadata: expected " + quote(key) +
                                             " below 2^63, but got " +
                                             std::to_string(magnitude));
    *value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
    return TENON_TEXT_OK;
  });
}

tenon_text_status tenon_text_metadata_f64(const tenon_text_metadata *metadata,
                                          const char *key, double *value) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_metadata_f64", metadata && key && value))
      return status;
    const Pair *pair;
    if (auto status = metadata->impl.require(key, pair))
      return status;
    if (pair->type == TENON_TEXT_TYPE_FLOAT32) {
      *value = loadAs<float>(pair->data.data());
      return TENON_TEXT_OK;
    }
    if (pair->type == TENON_TEXT_TYPE_FLOAT64) {
      *value = loadAs<double>(pair->data.data());
      return TENON_TEXT_OK;
    }
    uint64_t magnitude;
    bool negative;
    if (auto status = metadata->impl.getInteger(key, magnitude, negative))
      return status;
    auto number = static_cast<double>(magnitude);
    *value = negative ? -number : number;
    return TENON_TEXT_OK;
  });
}

tenon_text_status tenon_text_metadata_bool(const tenon_text_metadata *metadata,
                                           const char *key, int *value) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_metadata_bool", metadata && key && value))
      return status;
    const Pair *pair;
    if (auto status = metadata->impl.get(key, TENON_TEXT_TYPE_BOOL, pair))
      return status;
    *value = pair->data[0];
    return TENON_TEXT_OK;
  });
}

tenon_text_status
tenon_text_metadata_string(const tenon_text_metadata *metadata, const char *key,
                           const char **value, size_t *bytes) {
  return guarded([&]() -> tenon_text_status {
    if (auto status = checkPointers("tenon_text_metadata_string",
                                    metadata && key && value && bytes))
      return status;
    std::string_view text;
    if (auto status = metadata->impl.getString(key, text))
      return status;
    give(text, value, bytes);
    return TENON_TEXT_OK;
  });
}

tenon_text_status tenon_text_metadata_array(const tenon_text_metadata *metadata,
                                            const char *key,
                                            tenon_text_type *element,
                                            uint64_t *count, const void **data,
                                            size_t *bytes) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_metadata_array",
                          metadata && key && element && count && data && bytes))
      return status;
    const Pair *pair;
    if (auto status = metadata->impl.get(key, TENON_TEXT_TYPE_ARRAY, pair))
      return status;
    *element = pair->element;
    *count = pair->count;
    *data = pair->data.data();
    *bytes = pair->data.size();
    return TENON_TEXT_OK;
  });
}

//===----------------------------------------------------------------------===//
// Tokenizer
//===----------------------------------------------------------------------===//

tenon_text_status tenon_text_tokenizer_open(const tenon_text_metadata *metadata,
                                            tenon_text_tokenizer **tokenizer) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_tokenizer_open", metadata && tokenizer))
      return status;
    auto opened = std::make_unique<tenon_text_tokenizer>();
    if (auto status = opened->impl.open(metadata->impl))
      return status;
    *tokenizer = opened.release();
    return TENON_TEXT_OK;
  });
}

void tenon_text_tokenizer_close(tenon_text_tokenizer *tokenizer) {
  delete tokenizer;
}

size_t tenon_text_vocab_size(const tenon_text_tokenizer *tokenizer) {
  return tokenizer ? tokenizer->impl.tokens().size() : 0;
}

tenon_text_status tenon_text_encode(const tenon_text_tokenizer *tokenizer,
                                    const char *text, size_t bytes,
                                    uint32_t flags, int32_t **ids,
                                    size_t *count) {
  return guarded([&]() -> tenon_text_status {
    if (auto status = checkPointers(
            "tenon_text_encode", tokenizer && (text || !bytes) && ids && count))
      return status;
    std::vector<int32_t> found;
    if (auto status = tokenizer->impl.encode({text, bytes}, flags, found))
      return status;
    size_t size = found.size() * sizeof(int32_t);
    auto *copy = static_cast<int32_t *>(std::malloc(size ? size : 1));
    if (!copy)
      throw std::bad_alloc();
    std::copy(found.begin(), found.end(), copy);
    *ids = copy;
    *count = found.size();
    return TENON_TEXT_OK;
  });
}

tenon_text_status tenon_text_token_bytes(const tenon_text_tokenizer *tokenizer,
                                         int32_t id, const char **value,
                                         size_t *bytes) {
  return guarded([&]() -> tenon_text_status {
    if (auto status = checkPointers("tenon_text_token_bytes",
                                    tokenizer && value && bytes))
      return status;
    if (auto status = tokenizer->impl.checkId(id))
      return status;
    give(tokenizer->impl.tokens()[id].bytes, value, bytes);
    return TENON_TEXT_OK;
  });
}

int32_t tenon_text_role_id(const tenon_text_tokenizer *tokenizer,
                           tenon_text_role role) {
  bool known = role >= TENON_TEXT_BOS && role <= TENON_TEXT_PAD;
  return tokenizer && known ? tokenizer->impl.roleId(role) : -1;
}

int tenon_text_is_end(const tenon_text_tokenizer *tokenizer, int32_t id) {
  return tokenizer && tokenizer->impl.holds(id) &&
         tokenizer->impl.tokens()[id].end;
}

int tenon_text_is_control(const tenon_text_tokenizer *tokenizer, int32_t id) {
  return tokenizer && tokenizer->impl.holds(id) &&
         tokenizer->impl.tokens()[id].kind == TokenKind::Control;
}

int32_t tenon_text_find_token(const tenon_text_tokenizer *tokenizer,
                              const char *text, size_t bytes) {
  return tokenizer && text ? tokenizer->impl.find({text, bytes}) : -1;
}

tenon_text_status
tenon_text_chat_template(const tenon_text_tokenizer *tokenizer,
                         const char **value, size_t *bytes) {
  return guarded([&]() -> tenon_text_status {
    if (auto status = checkPointers("tenon_text_chat_template",
                                    tokenizer && value && bytes))
      return status;
    if (!tokenizer->impl.chatTemplate().data())
      return fail(TENON_TEXT_NOT_FOUND,
                  "tokenizer: expected key tokenizer.chat_template, but there "
                  "is none");
    give(tokenizer->impl.chatTemplate(), value, bytes);
    return TENON_TEXT_OK;
  });
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

tenon_text_status tenon_text_stream_open(const tenon_text_tokenizer *tokenizer,
                                         uint32_t flags,
                                         tenon_text_stream **stream) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_stream_open", tokenizer && stream))
      return status;
    *stream = new tenon_text_stream{Stream(tokenizer->impl, flags)};
    return TENON_TEXT_OK;
  });
}

void tenon_text_stream_close(tenon_text_stream *stream) { delete stream; }

tenon_text_status tenon_text_stream_push(tenon_text_stream *stream, int32_t id,
                                         const char **text, size_t *bytes) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_stream_push", stream && text && bytes))
      return status;
    std::string_view piece;
    if (auto status = stream->impl.push(id, piece))
      return status;
    give(piece, text, bytes);
    return TENON_TEXT_OK;
  });
}

tenon_text_status tenon_text_stream_flush(tenon_text_stream *stream,
                                          const char **text, size_t *bytes) {
  return guarded([&]() -> tenon_text_status {
    if (auto status =
            checkPointers("tenon_text_stream_flush", stream && text && bytes))
      return status;
    give(stream->impl.flush(), text, bytes);
    return TENON_TEXT_OK;
  });
}

} // extern "C"
