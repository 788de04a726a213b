/*
 * whorl_core.h: the core of whorl for programs in C, whatever engine runs core.wasm.
 *
 * An adapter for an engine fills a `struct whorl_core`; whorl_wasm2c.h does so for C code that wasm2c (WABT) made of
 * core.baseline.wasm. What every call takes, gives and leaves in memory is told in docs/abi.md, whose names these are;
 * the constants are in whorl_abi.h.
 *
 * The core does no I/O, takes no clock, and calls nothing back. Bytes are put into its memory (at WHORL_STAGE, say), a
 * call looks at them and writes records of four words to WHORL_RING. No call traps: a result below 0 is one of
 * WHORL_ERR_*. A call that makes something or takes bytes in may move memory: ask `memory` for its address anew.
 *
 * Pointers of the core are offsets in its memory. Times are milliseconds, on any time line. Integers in memory are
 * little-endian; these headers suppose that the machine is too.
 */
#ifndef WHORL_CORE_H
#define WHORL_CORE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "whorl_abi.h"

/* Signatures: the result, then the arguments; i is int32_t, d is double. The first argument is the engine's instance. */
typedef int32_t (*whorl_i_)(void *);
typedef int32_t (*whorl_i_i)(void *, int32_t);
typedef int32_t (*whorl_i_ii)(void *, int32_t, int32_t);
typedef int32_t (*whorl_i_iii)(void *, int32_t, int32_t, int32_t);
typedef int32_t (*whorl_i_iiii)(void *, int32_t, int32_t, int32_t, int32_t);
typedef int32_t (*whorl_i_iiiii)(void *, int32_t, int32_t, int32_t, int32_t, int32_t);
typedef int32_t (*whorl_i_dd)(void *, double, double);
typedef int32_t (*whorl_i_id)(void *, int32_t, double);
typedef int32_t (*whorl_i_idi)(void *, int32_t, double, int32_t);
typedef int32_t (*whorl_i_iid)(void *, int32_t, int32_t, double);
typedef double (*whorl_d_i)(void *, int32_t);

/* Every export of core.wasm with its signature, for whoever writes an adapter: X(name, signature). */
#define WHORL_CORE_EXPORTS(X) \
  X(initialize, i_) \
  X(parserReceive, i_iiii) \
  X(parserSetLimit, i_ii) \
  X(parserFree, i_i) \
  X(parserReset, i_i) \
  X(parserPending, i_i) \
  X(parserEnd, i_i) \
  X(lineParserNew, i_iii) \
  X(lineParserConfigure, i_iiii) \
  X(netstringParserNew, i_i) \
  X(prefixedParserNew, i_ii) \
  X(httpNames, i_ii) \
  X(httpParserNew, i_iiiii) \
  X(httpExpectBodiless, i_ii) \
  X(httpSkipBody, i_ii) \
  X(utf8Check, i_iii) \
  X(websocketParserNew, i_iii) \
  X(websocketMask, i_iii) \
  X(timersNew, i_dd) \
  X(timersFree, i_i) \
  X(timersAddress, i_i) \
  X(timerSchedule, i_idi) \
  X(timerCancel, i_ii) \
  X(timerReschedule, i_iid) \
  X(timersNext, d_i) \
  X(timersAdvance, i_id) \
  X(timersMore, i_i) \
  X(timersPutBack, i_i) \
  X(queueNew, i_) \
  X(queueFree, i_i) \
  X(queueAddress, i_i) \
  X(queueSize, i_i) \
  X(queueSetSourceBudget, i_ii) \
  X(queueAccept, i_ii) \
  X(queueBegin, i_ii) \
  X(queueNext, i_i) \
  X(randomNew, i_iiii) \
  X(randomFree, i_i) \
  X(randomBlock, i_i) \
  X(digestNew, i_i) \
  X(digestFree, i_i) \
  X(digestUpdate, i_iii) \
  X(digestResult, i_i)

/* One instance of the core. Call `initialize` first: it returns WHORL_ABI_VERSION, or the module is another one. */
struct whorl_core {
  /* The engine's own; handed back to it with every call. */
  void *instance;
  /* Where linear memory is now, and its length in bytes. */
  uint8_t *(*memory)(void *instance, size_t *length);
#define WHORL_MEMBER(name, signature) whorl_##signature name;
  WHORL_CORE_EXPORTS(WHORL_MEMBER)
#undef WHORL_MEMBER
};

/* One event record, as parserReceive writes them to WHORL_RING; `offset` and `end` count from the input. */
struct whorl_record {
  int32_t kind;
  int32_t offset;
  int32_t length;
  int32_t end;
};

/* The word at an address of the core's memory. The address must lie in it. */
static inline int32_t whorl_word(const struct whorl_core *core, int32_t address) {
  size_t length;
  int32_t word;
  memcpy(&word, core->memory(core->instance, &length) + address, sizeof word);
  return word;
}

/* Record number `index` of the last parserReceive. */
static inline struct whorl_record whorl_record_at(const struct whorl_core *core, int32_t index) {
  size_t length;
  struct whorl_record record;
  memcpy(&record, core->memory(core->instance, &length) + WHORL_RING + index * WHORL_RECORD_BYTES, sizeof record);
  return record;
}

/* Puts bytes on the stage; at most WHORL_STAGE_BYTES. Returns their address, or WHORL_ERR_RANGE when they do not fit. */
static inline int32_t whorl_stage(const struct whorl_core *core, const void *bytes, size_t count) {
  size_t length;
  if (count > WHORL_STAGE_BYTES) return WHORL_ERR_RANGE;
  if (count > 0) memcpy(core->memory(core->instance, &length) + WHORL_STAGE, bytes, count);
  return WHORL_STAGE;
}

#endif
