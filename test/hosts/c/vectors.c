/*
 * Runs a script of calls of the ABI (see in-host/vectors.ts, which does the same in JavaScript) and prints every result, every
 * event record and what memory looks like, so that the two outputs can be compared byte by byte.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "whorl_wasm2c.h"

#define LINE_BYTES (1 << 20)
#define MOST_VALUES 64
#define MOST_ARGUMENTS 5

static struct whorl_core core;
static whorl_w2c_instance instance;
static int is_open;

static struct {
  char name[32];
  int32_t value;
} values[MOST_VALUES];
static int value_count;

static void fail(const char *what, const char *about) {
  fprintf(stderr, "vectors: %s: %s\n", what, about);
  exit(2);
}

static uint8_t *memory(size_t *length) { return core.memory(core.instance, length); }

/* `12`, `-1`, `$name`, or `@1036`: the word at that address. */
static double number(const char *text) {
  if (*text == '@') return whorl_word(&core, (int32_t)strtol(text + 1, NULL, 10));
  if (*text != '$') return strtod(text, NULL);
  for (int i = 0; i < value_count; i++)
    if (strcmp(values[i].name, text + 1) == 0) return values[i].value;
  fail("no such value", text);
  return 0;
}

static int32_t integer(const char *text) { return (int32_t)(int64_t)number(text); }

static void keep(const char *name, int32_t value) {
  int at = 0;
  while (at < value_count && strcmp(values[at].name, name) != 0) at++;
  if (at == MOST_VALUES || strlen(name) >= sizeof values[at].name) fail("too many values, or too long", name);
  if (at == value_count) value_count++;
  strcpy(values[at].name, name);
  values[at].value = value;
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* Puts bytes, written as hex digits, into memory; returns their number. */
static int32_t put(int32_t address, const char *hex) {
  size_t length, count = strlen(hex) / 2;
  uint8_t *bytes = memory(&length);
  if (address < 0 || (size_t)address + count > length) fail("outside of memory", hex);
  for (size_t i = 0; i < count; i++) bytes[(size_t)address + i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  return (int32_t)count;
}

static void words(int32_t address, int32_t count) {
  for (int32_t i = 0; i < count; i++) printf(" %08" PRIx32, (uint32_t)whorl_word(&core, address + 4 * i));
  printf("\n");
}

/* Calls by name, prints, and returns what came out. */
static int32_t call(const char *name, char **arguments, int count) {
  void *i = core.instance;
  char **a = arguments;
  int32_t result = 0;
#define INT(n) integer(a[n])
#define NEED(n) if (count != n) fail("wrong number of arguments", name)
#define RUN_i_(f) { NEED(0); result = f(i); }
#define RUN_i_i(f) { NEED(1); result = f(i, INT(0)); }
#define RUN_i_ii(f) { NEED(2); result = f(i, INT(0), INT(1)); }
#define RUN_i_iii(f) { NEED(3); result = f(i, INT(0), INT(1), INT(2)); }
#define RUN_i_iiii(f) { NEED(4); result = f(i, INT(0), INT(1), INT(2), INT(3)); }
#define RUN_i_iiiii(f) { NEED(5); result = f(i, INT(0), INT(1), INT(2), INT(3), INT(4)); }
#define RUN_i_dd(f) { NEED(2); result = f(i, number(a[0]), number(a[1])); }
#define RUN_i_id(f) { NEED(2); result = f(i, INT(0), number(a[1])); }
#define RUN_i_idi(f) { NEED(3); result = f(i, INT(0), number(a[1]), INT(2)); }
#define RUN_i_iid(f) { NEED(3); result = f(i, INT(0), INT(1), number(a[2])); }
#define RUN_d_i(f) { \
    NEED(1); \
    double d = f(i, INT(0)); \
    uint64_t bits; \
    memcpy(&bits, &d, 8); \
    printf("%s = %016" PRIx64 "\n", name, bits); \
    return 0; \
  }
#define TRY(f, signature) \
  if (strcmp(name, #f) == 0) { \
    RUN_##signature(core.f) \
    printf("%s = %" PRId32 "\n", name, result); \
    return result; \
  }
  WHORL_CORE_EXPORTS(TRY)
  fail("no such export", name);
  return 0;
}

/* Parses all of a chunk, and prints what each call tells: its result, the words it left in the header, its records. */
static void receive(int32_t parser, int32_t keep_rest, const char *hex) {
  int32_t length = put(WHORL_STAGE, hex);
  for (int32_t from = 0;;) {
    int32_t count = core.parserReceive(core.instance, parser, WHORL_STAGE + from, length - from, keep_rest);
    int32_t consumed = whorl_word(&core, WHORL_HEADER_CONSUMED);
    printf("receive = %" PRId32 " consumed %" PRId32 " ascii %" PRId32 " more %" PRId32 ":", count, consumed,
           whorl_word(&core, WHORL_HEADER_ASCII), whorl_word(&core, WHORL_HEADER_HTTP_MORE));
    words(WHORL_RING, count > 0 ? count * (WHORL_RECORD_BYTES / 4) : 0);
    if (count < 0) return;
    from += consumed;
    if (from >= length || consumed == 0 || keep_rest == 0) return;
  }
}

static void advance(int32_t wheel, double now) {
  int32_t at = core.timersAddress(core.instance, wheel);
  int32_t count = core.timersAdvance(core.instance, wheel, now);
  printf("advance = %" PRId32 ":", count);
  for (; count > 0; count = core.timersMore(core.instance, wheel)) {
    for (int32_t i = 0; i < count; i++) {
      int32_t record = at + WHORL_WHEEL_OUT + i * WHORL_WHEEL_OUT_BYTES;
      int32_t version = whorl_word(&core, record + 8), word = whorl_word(&core, record + 12);
      if (whorl_word(&core, word) != version) continue;
      size_t length;
      uint8_t *bytes = memory(&length);
      int32_t ran = version + WHORL_TIMER_RAN, left = whorl_word(&core, at + WHORL_WHEEL_COUNT) - 1;
      memcpy(bytes + word, &ran, 4);
      memcpy(bytes + at + WHORL_WHEEL_COUNT, &left, 4);
      printf(" %" PRId32, whorl_word(&core, record));
    }
  }
  printf("\n");
}

static void push(int32_t queue, int32_t id, int32_t priority, int32_t source) {
  size_t length;
  int32_t record[3] = {id, priority, source};
  memcpy(memory(&length) + core.queueAddress(core.instance, queue) + WHORL_QUEUE_INBOX, record, sizeof record);
  printf("push = %" PRId32 "\n", core.queueAccept(core.instance, queue, 1));
}

static void drain(int32_t queue, int32_t budget) {
  int32_t out = core.queueAddress(core.instance, queue) + WHORL_QUEUE_OUT;
  printf("drain = %" PRId32 ":", core.queueBegin(core.instance, queue, budget));
  for (int32_t count; (count = core.queueNext(core.instance, queue)) > 0;)
    for (int32_t i = 0; i < count; i++) printf(" %" PRId32, whorl_word(&core, out + 4 * i));
  printf("\n");
}

/* FNV-1a, 32 bits, of all memory that was ever used. */
static void digest(void) {
  size_t length;
  const uint8_t *bytes = memory(&length);
  uint32_t top = (uint32_t)whorl_word(&core, WHORL_HEADER_TOP), hash = 2166136261u;
  for (uint32_t i = 0; i < top; i++) hash = (hash ^ bytes[i]) * 16777619u;
  printf("memory %" PRIu32 " %08" PRIx32 "\n", top, hash);
}

static void fresh(void) {
  if (is_open) whorl_w2c_close(&instance);
  if (whorl_w2c_open(&core, &instance) != 0) fail("initialize", "another version of the ABI");
  is_open = 1;
  value_count = 0;
}

int main(void) {
  static char line[LINE_BYTES];
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *part[MOST_ARGUMENTS + 4];
    int count = 0;
    if (strncmp(line, "case", 4) == 0) fputs(line, stdout);
    for (char *one = strtok(line, " \n"); one != NULL && count < MOST_ARGUMENTS + 4; one = strtok(NULL, " \n")) part[count++] = one;
    if (count == 0 || part[0][0] == '#' || strcmp(part[0], "case") == 0) continue;
    if (strcmp(part[0], "fresh") == 0) fresh();
    else if (strcmp(part[0], "put") == 0) put(integer(part[1]), count > 2 ? part[2] : "");
    else if (strcmp(part[0], "call") == 0) call(part[1], part + 2, count - 2);
    else if (strcmp(part[0], "set") == 0) keep(part[1], call(part[2], part + 3, count - 3));
    else if (strcmp(part[0], "receive") == 0) receive(integer(part[1]), integer(part[2]), count > 3 ? part[3] : "");
    else if (strcmp(part[0], "words") == 0) words(integer(part[1]), integer(part[2]));
    else if (strcmp(part[0], "advance") == 0) advance(integer(part[1]), number(part[2]));
    else if (strcmp(part[0], "push") == 0) push(integer(part[1]), integer(part[2]), integer(part[3]), integer(part[4]));
    else if (strcmp(part[0], "drain") == 0) drain(integer(part[1]), integer(part[2]));
    else if (strcmp(part[0], "memory") == 0) digest();
    else fail("no such command", part[0]);
  }
  return 0;
}
