//===- text.h - text to token ids and back --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C interface of libtenon-text: model metadata (GGUF key/value pairs in GGUF's
// own binary encoding, as the metadata section of a `.weights` file holds
// them) and the byte-level BPE tokenizer that they describe.
//
// Every fallible function returns a tenon_text_status; on anything but
// TENON_TEXT_OK the outputs are untouched and tenon_text_last_error() tells
// why. Metadata and tokenizers are immutable once opened: any number of
// threads may use one of them. A stream belongs to one thread at a time.
//
// Strings are pointer and length; they are not terminated by a zero byte.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEXT_TEXT_H
#define TENON_TEXT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TENON_TEXT_API __attribute__((visibility("default")))
#else
#define TENON_TEXT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// Outcome of a call. The text of tenon_text_last_error() names the details.
typedef enum tenon_text_status {
  TENON_TEXT_OK = 0,
  TENON_TEXT_INVALID_ARGUMENT = 1, ///< null pointer, id outside the vocabulary
  TENON_TEXT_MALFORMED = 2,        ///< metadata that breaks GGUF's encoding or
                                   ///< a tokenizer that contradicts itself
  TENON_TEXT_NOT_FOUND = 3,        ///< no such key
  TENON_TEXT_WRONG_TYPE = 4,       ///< the key holds a value of another type
  TENON_TEXT_UNSUPPORTED = 5,      ///< a tokenizer of another kind
  TENON_TEXT_INVALID_UTF8 = 6,     ///< text that is not UTF-8
  TENON_TEXT_OUT_OF_MEMORY = 7,
  TENON_TEXT_INTERNAL = 8 ///< a library below failed; the message says which
} tenon_text_status;

/// Why the last failing call of this thread failed: one line, lower case, no
/// full stop. Never null; empty before the first failure. Valid until the next
/// failing call of this thread.
TENON_TEXT_API const char *tenon_text_last_error(void);

/// Releases memory that a function of this header handed out as "to be
/// released with tenon_text_free". Null is allowed.
TENON_TEXT_API void tenon_text_free(void *memory);

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

/// Value types, numbered as in GGUF.
typedef enum tenon_text_type {
  TENON_TEXT_TYPE_UINT8 = 0,
  TENON_TEXT_TYPE_INT8 = 1,
  TENON_TEXT_TYPE_UINT16 = 2,
  TENON_TEXT_TYPE_INT16 = 3,
  TENON_TEXT_TYPE_UINT32 = 4,
  TENON_TEXT_TYPE_INT32 = 5,
  TENON_TEXT_TYPE_FLOAT32 = 6,
  TENON_TEXT_TYPE_BOOL = 7,
  TENON_TEXT_TYPE_STRING = 8,
  TENON_TEXT_TYPE_ARRAY = 9,
  TENON_TEXT_TYPE_UINT64 = 10,
  TENON_TEXT_TYPE_INT64 = 11,
  TENON_TEXT_TYPE_FLOAT64 = 12
} tenon_text_type;

/// Parsed key/value pairs.
typedef struct tenon_text_metadata tenon_text_metadata;

/// Reads `bytes` bytes at `blob`: uint64 count, then the pairs, nothing after
/// them. Checks every pair; copies no value, so the blob must outlive the
/// metadata and every tokenizer made from it. The blob needs no alignment.
TENON_TEXT_API tenon_text_status tenon_text_metadata_open(
    const void *blob, size_t bytes, tenon_text_metadata **metadata);

/// Closes metadata; tokenizers made from it stay valid. Null is allowed.
TENON_TEXT_API void tenon_text_metadata_close(tenon_text_metadata *metadata);

/// Number of pairs.
TENON_TEXT_API size_t
tenon_text_metadata_count(const tenon_text_metadata *metadata);

/// Key number `index` in the order of the blob.
TENON_TEXT_API tenon_text_status
tenon_text_metadata_key(const tenon_text_metadata *metadata, size_t index,
                        const char **key, size_t *bytes);

/// Type of the value of `key` (zero-terminated).
TENON_TEXT_API tenon_text_status
tenon_text_metadata_type(const tenon_text_metadata *metadata, const char *key,
                         tenon_text_type *type);

/// Value of `key`, any integer type, if it is not negative.
TENON_TEXT_API tenon_text_status tenon_text_metadata_u64(
    const tenon_text_metadata *metadata, const char *key, uint64_t *value);

/// Value of `key`, any integer type, if int64_t holds it.
TENON_TEXT_API tenon_text_status tenon_text_metadata_i64(
    const tenon_text_metadata *metadata, const char *key, int64_t *value);

/// Value of `key`, any integer or floating-point type.
TENON_TEXT_API tenon_text_status tenon_text_metadata_f64(
    const tenon_text_metadata *metadata, const char *key, double *value);

/// Value of `key`, type bool: 0 or 1.
TENON_TEXT_API tenon_text_status tenon_text_metadata_bool(
    const tenon_text_metadata *metadata, const char *key, int *value);

/// Value of `key`, type string. Points into the blob.
TENON_TEXT_API tenon_text_status
tenon_text_metadata_string(const tenon_text_metadata *metadata, const char *key,
                           const char **value, size_t *bytes);

/// Value of `key`, type array: the type and number of its elements and their
/// encoding in the blob (no alignment).
TENON_TEXT_API tenon_text_status
tenon_text_metadata_array(const tenon_text_metadata *metadata, const char *key,
                          tenon_text_type *element, uint64_t *count,
                          const void **data, size_t *bytes);

//===----------------------------------------------------------------------===//
// Tokenizer
//===----------------------------------------------------------------------===//

/// A tokenizer as the keys `tokenizer.*` describe it.
typedef struct tenon_text_tokenizer tenon_text_tokenizer;

/// Makes the tokenizer of a model. TENON_TEXT_NOT_FOUND when the metadata
/// holds none, TENON_TEXT_UNSUPPORTED when it is of another kind.
TENON_TEXT_API tenon_text_status tenon_text_tokenizer_open(
    const tenon_text_metadata *metadata, tenon_text_tokenizer **tokenizer);

/// Closes a tokenizer; its streams must be closed before. Null is allowed.
TENON_TEXT_API void tenon_text_tokenizer_close(tenon_text_tokenizer *tokenizer);

/// Number of tokens; ids are 0..size-1.
TENON_TEXT_API size_t
tenon_text_vocab_size(const tenon_text_tokenizer *tokenizer);

/// Options of tenon_text_encode, or-ed together.
enum tenon_text_encode_flags {
  /// Control tokens that are written in the text (`<|im_start|>`) become their
  /// ids. Without it only user-defined tokens do, and control tokens are plain
  /// text. Of the tokens that start at a place the longest one is taken.
  TENON_TEXT_PARSE_SPECIAL = 1,
  /// The BOS token in front, if the model's metadata asks for one.
  TENON_TEXT_ADD_BOS = 2,
  /// The EOS token at the end, if the model's metadata asks for one.
  TENON_TEXT_ADD_EOS = 4
};

/// Turns UTF-8 text into token ids, to be released with tenon_text_free.
/// `ids` is never null on success, even when `count` is 0. Text that is not
/// UTF-8 is TENON_TEXT_INVALID_UTF8; the error names the byte offset. Bytes
/// that the vocabulary has no token for are left out.
TENON_TEXT_API tenon_text_status
tenon_text_encode(const tenon_text_tokenizer *tokenizer, const char *text,
                  size_t bytes, uint32_t flags, int32_t **ids, size_t *count);

/// Bytes that token `id` stands for (control tokens: their name). They may be
/// a part of a UTF-8 sequence. Owned by the tokenizer.
TENON_TEXT_API tenon_text_status
tenon_text_token_bytes(const tenon_text_tokenizer *tokenizer, int32_t id,
                       const char **value, size_t *bytes);

/// Tokens that the model knows by role.
typedef enum tenon_text_role {
  TENON_TEXT_BOS = 0,
  TENON_TEXT_EOS = 1,
  TENON_TEXT_EOT = 2, ///< end of turn
  TENON_TEXT_EOM = 3, ///< end of message
  TENON_TEXT_UNK = 4,
  TENON_TEXT_PAD = 5
} tenon_text_role;

/// Id of the token with that role; -1 when the model has none.
TENON_TEXT_API int32_t tenon_text_role_id(const tenon_text_tokenizer *tokenizer,
                                          tenon_text_role role);

/// 1 when `id` ends a generation: EOS, EOT, EOM, and control tokens by which
/// chat models end a turn (`<|im_end|>`, `<|eot_id|>`, ...).
TENON_TEXT_API int tenon_text_is_end(const tenon_text_tokenizer *tokenizer,
                                     int32_t id);

/// 1 when `id` is a control token: it has no text of its own.
TENON_TEXT_API int tenon_text_is_control(const tenon_text_tokenizer *tokenizer,
                                         int32_t id);

/// Id of the token whose text is `text` as the vocabulary spells it
/// (`<|im_start|>`); -1 when there is none.
TENON_TEXT_API int32_t tenon_text_find_token(
    const tenon_text_tokenizer *tokenizer, const char *text, size_t bytes);

/// Chat template of the model (Jinja source), TENON_TEXT_NOT_FOUND when it has
/// none. Points into the blob.
TENON_TEXT_API tenon_text_status tenon_text_chat_template(
    const tenon_text_tokenizer *tokenizer, const char **value, size_t *bytes);

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

/// Turns ids into text piece by piece. Every piece is whole UTF-8: bytes of an
/// unfinished sequence wait for the next token, bytes that can never become
/// UTF-8 are replaced by U+FFFD (one per maximal ill-formed subpart).
typedef struct tenon_text_stream tenon_text_stream;

/// Options of tenon_text_stream_open, or-ed together.
enum tenon_text_stream_flags {
  /// Control tokens are written by their names; without it they are left out.
  TENON_TEXT_SHOW_CONTROL = 1
};

/// Opens a stream over a tokenizer that must outlive it.
TENON_TEXT_API tenon_text_status
tenon_text_stream_open(const tenon_text_tokenizer *tokenizer, uint32_t flags,
                       tenon_text_stream **stream);

/// Closes a stream. Null is allowed.
TENON_TEXT_API void tenon_text_stream_close(tenon_text_stream *stream);

/// Adds a token. `text` holds what may be written now (perhaps nothing), valid
/// until the next call on this stream.
TENON_TEXT_API tenon_text_status tenon_text_stream_push(
    tenon_text_stream *stream, int32_t id, const char **text, size_t *bytes);

/// Ends the text: an unfinished sequence comes out as U+FFFD. The stream can
/// start another text afterwards.
TENON_TEXT_API tenon_text_status tenon_text_stream_flush(
    tenon_text_stream *stream, const char **text, size_t *bytes);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // TENON_TEXT_TEXT_H
