/*
 * Splits standard input into lines with whorl's core, and prints each with its number: the same parser that LineReceiver
 * uses, in a program without JavaScript. bindings/c/README.md tells how it is compiled.
 */
#include <stdio.h>

#include "whorl_wasm2c.h"

#define LIMIT 16384

int main(void) {
  struct whorl_core core;
  whorl_w2c_instance instance;
  static uint8_t input[WHORL_STAGE_BYTES];
  long number = 0;
  size_t got;

  if (whorl_w2c_open(&core, &instance) != 0) {
    fprintf(stderr, "lines: core.wasm speaks another version of the ABI\n");
    return 2;
  }
  int32_t parser = core.lineParserNew(core.instance, whorl_stage(&core, "\n", 1), 1, LIMIT);
  while ((got = fread(input, 1, sizeof input, stdin)) > 0) {
    for (size_t from = 0; from < got;) {
      int32_t stage = whorl_stage(&core, input + from, got - from);
      int32_t count = core.parserReceive(core.instance, parser, stage, (int32_t)(got - from), 1);
      if (count < 0) {
        fprintf(stderr, "lines: error %d\n", count);
        return 2;
      }
      for (int32_t i = 0; i < count; i++) {
        struct whorl_record record = whorl_record_at(&core, i);
        if (record.kind == WHORL_EVENT_LINE_TOO_LONG) {
          fprintf(stderr, "lines: line %ld is longer than %d bytes\n", number + 1, LIMIT);
          return 1;
        }
        /* A frame lies in the input; one that spans inputs was put together by the core, and its offset is an address. */
        int32_t start = record.kind == WHORL_EVENT_FRAME ? stage + record.offset : record.offset;
        size_t length;
        const uint8_t *memory = core.memory(core.instance, &length);
        printf("%ld: %.*s\n", ++number, (int)record.length, (const char *)memory + start);
      }
      from += (size_t)whorl_word(&core, WHORL_HEADER_CONSUMED);
    }
  }
  if (core.parserEnd(core.instance, parser) == WHORL_END_INSIDE_FRAME) {
    int32_t rest = core.parserPending(core.instance, parser);
    size_t length;
    const uint8_t *memory = core.memory(core.instance, &length);
    printf("%ld: %.*s (without an end)\n", ++number, (int)rest,
           (const char *)memory + whorl_word(&core, WHORL_HEADER_PENDING));
  }
  core.parserFree(core.instance, parser);
  whorl_w2c_close(&instance);
  return 0;
}
