/*===- Reseal.c - makes the hashes of a changed artifact right ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hashes guard against accidents, so a test that changes one field of an
// artifact meets the hash first. This program makes all hashes of NAME.so and
// NAME.weights right again, and the check of the field itself comes to work.
//
//===----------------------------------------------------------------------===*/

#include "tenon-rt/abi.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole file; ends the program if it cannot be read. */
static unsigned char *readFile(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    exit(1);
  }
  *bytes = (size_t)ftell(file);
  rewind(file);
  unsigned char *data = malloc(*bytes + 1);
  if (fread(data, 1, *bytes, file) != *bytes) {
    perror(path);
    exit(1);
  }
  fclose(file);
  return data;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s LIBRARY WEIGHTS\n", argv[0]);
    return 2;
  }
  size_t libraryBytes, bytes;
  unsigned char *library = readFile(argv[1], &libraryBytes);
  unsigned char *weights = readFile(argv[2], &bytes);
  tenon_rt_weights_header header;
  memcpy(&header, weights, sizeof header);

  header.library_bytes = libraryBytes;
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(library, libraryBytes));
  memcpy(header.library_hash, canonical.digest, sizeof header.library_hash);
  header.file_bytes = bytes;
  for (uint32_t i = 0; i < header.section_count && i < 8; ++i) {
    tenon_rt_section *section = &header.sections[i];
    if (section->offset <= bytes && section->bytes <= bytes - section->offset)
      section->hash = XXH3_64bits(weights + section->offset, section->bytes);
  }
  header.header_hash =
      XXH3_64bits(&header, offsetof(tenon_rt_weights_header, header_hash));

  memcpy(weights, &header, sizeof header);
  FILE *file = fopen(argv[2], "wb");
  if (!file || fwrite(weights, 1, bytes, file) != bytes || fclose(file)) {
    perror(argv[2]);
    return 1;
  }
  free(library);
  free(weights);
  return 0;
}
