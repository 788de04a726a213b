/**
 * Where things lie in linear memory, in bytes. The drawing is in `memory/map.ts`; docs/abi.md has the
 * same table for people who write another host.
 */

/** The header: one struct of counters, results and list heads. */
export const HEADER = 1024
export const HEADER_ABI_VERSION = 1024
/** Bytes of the input that the last `parserReceive` is done with. */
export const HEADER_CONSUMED = 1028
/** For a line parser: 1 when the last `parserReceive` saw only bytes below 0x80, up to the end of its last record. */
export const HEADER_ASCII = 1032
/** Address of what a parser keeps, after `parserPending`. */
export const HEADER_PENDING = 1036
/** Bytes of slabs handed out now. */
export const HEADER_USED = 1040
/** Parsers alive. */
export const HEADER_PARSERS = 1044
/** Timers scheduled, over all wheels. */
export const HEADER_TIMERS = 1048
/** First byte never yet given to a slab. */
export const HEADER_TOP = 1052
/** Handle table: address, capacity in entries, first free entry. */
export const HEADER_HANDLES = 1056
export const HEADER_HANDLES_CAPACITY = 1060
export const HEADER_HANDLES_FREE = 1064
/** Timer records: directory of chunks, records ever made, how many of them are free, where to look for the next. */
export const HEADER_TIMER_DIRECTORY = 1068
export const HEADER_TIMER_COUNT = 1072
export const HEADER_TIMER_FREE = 1076
export const HEADER_TIMER_CURSOR = 1080
/** After a `parserReceive` of an HTTP parser: bytes of a body or chunk that are still to come, 2^31 - 1 at most. */
export const HEADER_HTTP_MORE = 1084
/** Per size class: free list head, carve pointer, carve end; 12 bytes each, classes 2^4 … 2^30. */
export const HEADER_CLASSES = 1152

/** Records that `parserReceive` writes: 1,024 of 16 bytes. */
export const RING = 4096
export const RING_RECORDS = 1024
export const RECORD_BYTES = 16

/** Names of HTTP fields that have an id: see wire/http1-names.ts; 4,608 bytes. */
export const HTTP_NAME_TABLE = 20480

/** HTTP heads seen before: see wire/http1-again.ts; slots, and bytes of each. */
export const HTTP_AGAIN = 28672
export const HTTP_AGAIN_SLOTS = 16
export const HTTP_AGAIN_BYTES = 2304

/** Where a façade puts input for `parserReceive`. */
export const STAGE = 65536
export const STAGE_BYTES = 65536

/** Slabs begin here. */
export const HEAP = 131072

/** Offsets in a timer wheel, from the address that `timersAddress` gives. */
export const WHEEL_COUNT = 0
export const WHEEL_OUT = 24832
/**
 * Timers that one batch hands out: 16 bytes each, (id, number, version, address of the version). While the word at
 * that address equals `version` the timer is to run; the façade adds TIMER_RAN to it and takes one off the count.
 */
export const WHEEL_OUT_RECORDS = 488
export const WHEEL_OUT_BYTES = 16
export const TIMER_RAN = 1

/** Words of a generator's block, whose address `randomBlock` gives. */
export const RANDOM_WORDS = 60

/** Offsets in an event queue, from the address that `queueAddress` gives. */
export const QUEUE_INBOX = 512
/** Events that fit the inbox: 12 bytes each, (id, priority, source). */
export const QUEUE_INBOX_RECORDS = 512
export const QUEUE_INBOX_BYTES = 12
/** Ids that one batch hands out: 4 bytes each. */
export const QUEUE_OUT = 6656
export const QUEUE_OUT_RECORDS = 384
