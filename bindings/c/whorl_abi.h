/*
 * whorl_abi.h: the constants of core.wasm's ABI. Made by scripts/c-header.mjs of the files in assembly/abi: do not edit.
 */
#ifndef WHORL_ABI_H
#define WHORL_ABI_H

/* --- version --- */

/*
 * The version of the contract between core.wasm and its façade.
 * It changes with any change of an export's signature, a struct's layout or a record's meaning.
 */
#define WHORL_ABI_VERSION 3

/* --- errors --- */

/*
 * What an export returns when it cannot do what was asked. All are negative; no export ever traps.
 */

/* An argument has a value that makes no sense: a NaN deadline, a delimiter of no bytes. */
#define WHORL_ERR_ARGUMENT (-1)
/* The handle was never given out, was freed, or belongs to another kind of object. */
#define WHORL_ERR_HANDLE (-2)
/* A pointer with its length does not lie inside linear memory. */
#define WHORL_ERR_RANGE (-3)
/* Linear memory could not grow. */
#define WHORL_ERR_NO_MEMORY (-4)
/* A table is full: as many objects of this kind live as the ABI can name. */
#define WHORL_ERR_LIMIT (-5)
/* The object cannot do this now: not initialised, or in the middle of a pass. */
#define WHORL_ERR_STATE (-6)

/* --- layout --- */

/*
 * Where things lie in linear memory, in bytes. The drawing is in `memory/map.ts`; docs/abi.md has the
 * same table for people who write another host.
 */

/* The header: one struct of counters, results and list heads. */
#define WHORL_HEADER 1024
#define WHORL_HEADER_ABI_VERSION 1024
/* Bytes of the input that the last `parserReceive` is done with. */
#define WHORL_HEADER_CONSUMED 1028
/* For a line parser: 1 when the last `parserReceive` saw only bytes below 0x80, up to the end of its last record. */
#define WHORL_HEADER_ASCII 1032
/* Address of what a parser keeps, after `parserPending`. */
#define WHORL_HEADER_PENDING 1036
/* Bytes of slabs handed out now. */
#define WHORL_HEADER_USED 1040
/* Parsers alive. */
#define WHORL_HEADER_PARSERS 1044
/* Timers scheduled, over all wheels. */
#define WHORL_HEADER_TIMERS 1048
/* First byte never yet given to a slab. */
#define WHORL_HEADER_TOP 1052
/* Handle table: address, capacity in entries, first free entry. */
#define WHORL_HEADER_HANDLES 1056
#define WHORL_HEADER_HANDLES_CAPACITY 1060
#define WHORL_HEADER_HANDLES_FREE 1064
/* Timer records: directory of chunks, records ever made, how many of them are free, where to look for the next. */
#define WHORL_HEADER_TIMER_DIRECTORY 1068
#define WHORL_HEADER_TIMER_COUNT 1072
#define WHORL_HEADER_TIMER_FREE 1076
#define WHORL_HEADER_TIMER_CURSOR 1080
/* After a `parserReceive` of an HTTP parser: bytes of a body or chunk that are still to come, 2^31 - 1 at most. */
#define WHORL_HEADER_HTTP_MORE 1084
/* Per size class: free list head, carve pointer, carve end; 12 bytes each, classes 2^4 … 2^30. */
#define WHORL_HEADER_CLASSES 1152

/* Records that `parserReceive` writes: 1,024 of 16 bytes. */
#define WHORL_RING 4096
#define WHORL_RING_RECORDS 1024
#define WHORL_RECORD_BYTES 16

/* Names of HTTP fields that have an id: see wire/http1-names.ts; 4,608 bytes. */
#define WHORL_HTTP_NAME_TABLE 20480

/* HTTP heads seen before: see wire/http1-again.ts; slots, and bytes of each. */
#define WHORL_HTTP_AGAIN 28672
#define WHORL_HTTP_AGAIN_SLOTS 16
#define WHORL_HTTP_AGAIN_BYTES 2304

/* Where a façade puts input for `parserReceive`. */
#define WHORL_STAGE 65536
#define WHORL_STAGE_BYTES 65536

/* Slabs begin here. */
#define WHORL_HEAP 131072

/* Offsets in a timer wheel, from the address that `timersAddress` gives. */
#define WHORL_WHEEL_COUNT 0
#define WHORL_WHEEL_OUT 24832
/*
 * Timers that one batch hands out: 16 bytes each, (id, number, version, address of the version). While the word at
 * that address equals `version` the timer is to run; the façade adds TIMER_RAN to it and takes one off the count.
 */
#define WHORL_WHEEL_OUT_RECORDS 488
#define WHORL_WHEEL_OUT_BYTES 16
#define WHORL_TIMER_RAN 1

/* Words of a generator's block, whose address `randomBlock` gives. */
#define WHORL_RANDOM_WORDS 60

/* Offsets in an event queue, from the address that `queueAddress` gives. */
#define WHORL_QUEUE_INBOX 512
/* Events that fit the inbox: 12 bytes each, (id, priority, source). */
#define WHORL_QUEUE_INBOX_RECORDS 512
#define WHORL_QUEUE_INBOX_BYTES 12
/* Ids that one batch hands out: 4 bytes each. */
#define WHORL_QUEUE_OUT 6656
#define WHORL_QUEUE_OUT_RECORDS 384

/* --- records --- */

/*
 * The event records of `parserReceive`: four int32 each, (kind, offset, length, end).
 *
 *      0        4        8        12       16
 *      | kind   | offset | length | end    |
 *
 * `offset` and `end` count from the first byte of the input; `end` is where the next frame begins.
 */

/* A whole frame inside the input: `offset`, `length`. */
#define WHORL_EVENT_FRAME 1
/* A frame that began in earlier input: `offset` is an address in memory, good until the next call for this parser. */
#define WHORL_EVENT_FRAME_KEPT 2
/* A line that is over its limit, or will be: `length` bytes of it are known; `offset` is where it begins, 0 if earlier. */
#define WHORL_EVENT_LINE_TOO_LONG 3
/* A length prefix over the limit: `length` is what it says, unsigned. The parser ignores input until it is reset. */
#define WHORL_EVENT_LENGTH_LIMIT 4
/* A netstring broke its grammar: `length` is one of the reasons below. The parser ignores input until it is reset. */
#define WHORL_EVENT_MALFORMED 5

#define WHORL_MALFORMED_NO_LENGTH 1
#define WHORL_MALFORMED_LEADING_ZERO 2
#define WHORL_MALFORMED_NOT_A_DIGIT 3
#define WHORL_MALFORMED_TOO_LONG 4
#define WHORL_MALFORMED_NO_COMMA 5

/* `parserEnd`: nothing is kept; or the stream ended inside a frame; or the parser had failed before. */
#define WHORL_END_CLEAN 0
#define WHORL_END_INSIDE_FRAME 1
#define WHORL_END_FAILED 2

/* --- limits --- */

/*
 * What the tables of the core can name.
 */

/* Longest frame of any kind, in bytes: what a parser keeps must stay addressable with room to spare. */
#define WHORL_MAX_FRAME 1073741823
/* Longest line delimiter, in bytes. */
#define WHORL_MAX_DELIMITER 65535
/* Timers alive in one core: 22 bits of a handle name the node. */
#define WHORL_MAX_TIMERS 4194304
/* Parsers, wheels and queues alive in one core: 20 bits of a handle name the entry. */
#define WHORL_MAX_HANDLES 1048575
/* Events waiting in one queue and priority. */
#define WHORL_MAX_EVENTS 16777216
/* Priorities of the event queue: 0 runs first. */
#define WHORL_PRIORITIES 4
/* Events of one source in one drain, unless the queue is told otherwise. */
#define WHORL_DEFAULT_SOURCE_BUDGET 64

/* --- http --- */

/*
 * HTTP/1: what the core tells of messages, and how it names what is wrong with one.
 *
 *      head:   | kind | where | length | end |   | flags | fields | target | its length |
 *              | method or status | body length, 64 bits | offset of the first field |
 *              then a word for each field, and one for what is behind the last: | offset, 24 bits | name id, 8 bits |
 *
 * `where` counts from the input's first byte, or is an address when the flag HTTP_KEPT is set; `target` counts from
 * `where`, and so does the first field's offset; those of the words from the first field, or line of trailers. An id
 * says how long a name is; without one (0) it goes up to the colon. The value is between the colon and the next
 * offset, without the blanks and line ends around it. Records are of four words: the last one is filled up with
 * anything.
 */

/* A whole head: HTTP_HEAD_WORDS, a word for each field, and one more. */
#define WHORL_EVENT_HTTP_HEAD 16
/* Bytes of the body: `offset`, `length` in the input. */
#define WHORL_EVENT_HTTP_BODY 17
/* The message is whole. */
#define WHORL_EVENT_HTTP_END 18
/* Trailers of a chunked body: words as of a head, of which flags, fields and what follows them say something. */
#define WHORL_EVENT_HTTP_TRAILERS 19
/* No HTTP: `length` is one of the reasons below. The parser ignores input until it is reset. */
#define WHORL_EVENT_HTTP_BAD 20

/* Words of a head's records before those of its fields. */
#define WHORL_HTTP_HEAD_WORDS 12
/* Longest head, in bytes, and most fields that a parser may be told to take. */
#define WHORL_HTTP_MAX_HEAD 16777215
#define WHORL_HTTP_MAX_FIELDS 1000
#define WHORL_HTTP_MAX_EXTENSIONS 65535

/* Flags of a head. */
#define WHORL_HTTP_KEPT 1
/* The minor version is 1. */
#define WHORL_HTTP_MINOR_1 2
/* The connection may carry another message after this one. */
#define WHORL_HTTP_PERSISTENT 4
#define WHORL_HTTP_CHUNKED 8
#define WHORL_HTTP_HAS_LENGTH 16
/* The body ends with the connection. */
#define WHORL_HTTP_UNTIL_CLOSE 32
/* `Connection: upgrade` and an `Upgrade` field. */
#define WHORL_HTTP_UPGRADE 64
#define WHORL_HTTP_EXPECT_CONTINUE 128
/* An expectation that is not `100-continue`. */
#define WHORL_HTTP_EXPECT_OTHER 256
/* There is a body, of a length that may be zero. */
#define WHORL_HTTP_BODY_FOLLOWS 512
/* At least one value is folded: each line end in it, with the blanks around, stands for a space. */
#define WHORL_HTTP_FOLDED 1024

/* The fields were put into a slot, whose number is in the flags from HTTP_SLOT_SHIFT on. */
#define WHORL_HTTP_STORED 2048
/* The fields are those of the slot, byte by byte: no words are there for them. */
#define WHORL_HTTP_SAME_FIELDS 4096
/* The first line is that of the slot's last head too. */
#define WHORL_HTTP_SAME_LINE 8192
#define WHORL_HTTP_SLOT_SHIFT 16

/* Modes: what is expected, and what is let pass. */
#define WHORL_HTTP_REQUESTS 0
#define WHORL_HTTP_RESPONSES 1
/* Folded fields in responses: RFC 9112, 5.2. */
#define WHORL_HTTP_LET_FOLDS 2
/* Lines of heads and trailers that end in a line feed alone: RFC 9112, 2.2. */
#define WHORL_HTTP_LET_BARE_FEEDS 4
/* Any number of empty lines before a message, not just one before a request: RFC 9112, 2.2. */
#define WHORL_HTTP_LET_EMPTY_LINES 8
/* A status line without the space in front of the reason that is not there: RFC 9112, 4. */
#define WHORL_HTTP_LET_NO_REASON 16
/* A length that is said again and again, and is the same: RFC 9110, 8.6. */
#define WHORL_HTTP_LET_SAME_LENGTHS 32
/* Blanks between a name and its colon in responses: RFC 9112, 5.1. */
#define WHORL_HTTP_LET_NAME_BLANKS 64
/* Fields may be told of as those of an earlier head: for whoever sees all heads of the instance that are. */
#define WHORL_HTTP_SHARES 128
#define WHORL_HTTP_MODES 255

/* Methods. */
#define WHORL_HTTP_METHOD_OTHER 0
#define WHORL_HTTP_GET 1
#define WHORL_HTTP_HEAD 2
#define WHORL_HTTP_POST 3
#define WHORL_HTTP_PUT 4
#define WHORL_HTTP_DELETE 5
#define WHORL_HTTP_CONNECT 6
#define WHORL_HTTP_OPTIONS 7
#define WHORL_HTTP_TRACE 8
#define WHORL_HTTP_PATCH 9

/* Ids of the names that the core itself reads; `httpNames` must give them these places. */
#define WHORL_HTTP_NAME_HOST 1
#define WHORL_HTTP_NAME_CONTENT_LENGTH 2
#define WHORL_HTTP_NAME_TRANSFER_ENCODING 3
#define WHORL_HTTP_NAME_CONNECTION 4
#define WHORL_HTTP_NAME_UPGRADE 5
#define WHORL_HTTP_NAME_EXPECT 6
/* Names that can have an id, and bytes of the longest. */
#define WHORL_HTTP_NAMES 127
#define WHORL_HTTP_NAME_BYTES 31

/* What is wrong. */
#define WHORL_HTTP_BAD_METHOD 1
#define WHORL_HTTP_BAD_TARGET 2
#define WHORL_HTTP_BAD_VERSION 3
/* HTTP of another major version. */
#define WHORL_HTTP_BAD_MAJOR 4
#define WHORL_HTTP_BAD_STATUS 5
#define WHORL_HTTP_BAD_REASON 6
#define WHORL_HTTP_BAD_LINE_END 7
#define WHORL_HTTP_BAD_NAME 8
#define WHORL_HTTP_BAD_VALUE 9
#define WHORL_HTTP_BAD_FOLD 10
#define WHORL_HTTP_BAD_LENGTH 11
#define WHORL_HTTP_BAD_LENGTHS 12
#define WHORL_HTTP_BAD_CODING 13
#define WHORL_HTTP_BAD_CODING_UNKNOWN 14
#define WHORL_HTTP_BAD_HOST 15
#define WHORL_HTTP_BAD_LINE_LIMIT 16
#define WHORL_HTTP_BAD_HEADER_LIMIT 17
#define WHORL_HTTP_BAD_COUNT_LIMIT 18
#define WHORL_HTTP_BAD_CHUNK_SIZE 19
#define WHORL_HTTP_BAD_CHUNK_EXTENSION 20
#define WHORL_HTTP_BAD_CHUNK_END 21
#define WHORL_HTTP_BAD_EXTENSION_LIMIT 22

/* --- websocket --- */

/*
 * WebSocket: what the core tells of messages and control frames, and how it names what is wrong with one.
 *
 *      | kind and flags | offset | length | end |        kind:  | 0 … 4 event | 8 … 11 flags | 12 … 31 more |
 *
 * `offset` counts from the input's first byte, or is an address when the flag WEBSOCKET_KEPT is set. Masked payloads
 * are unmasked where they lie in the input, whose bytes change by that.
 */

/* Bytes of a message that goes on. */
#define WHORL_EVENT_WEBSOCKET_DATA 24
/* The last bytes of a message, or none. */
#define WHORL_EVENT_WEBSOCKET_MESSAGE 25
/* A whole control frame: its payload. */
#define WHORL_EVENT_WEBSOCKET_PING 26
#define WHORL_EVENT_WEBSOCKET_PONG 27
/* A close frame that is right: nothing, or code and reason. The parser ignores what follows. */
#define WHORL_EVENT_WEBSOCKET_CLOSE 28
/* No WebSocket: `length` is one of the reasons below. The parser ignores input until it is reset. */
#define WHORL_EVENT_WEBSOCKET_BAD 29
/* The bits of a kind that are the event. */
#define WHORL_EVENT_WEBSOCKET_BITS 31

/* Flags of a kind. */
/* A control frame that began in earlier input: `offset` is an address, good until the next call for this parser. */
#define WHORL_WEBSOCKET_KEPT 256
/* The message is text. */
#define WHORL_WEBSOCKET_TEXT 512
/* The message has RSV1 set: it is compressed. */
#define WHORL_WEBSOCKET_COMPRESSED 1024
/* The message is text, and no byte of it so far was above 0x7f. */
#define WHORL_WEBSOCKET_ASCII 2048
/* From this bit of a kind on: how much of the frame is still to come, in KiB, rounded up, where it goes on. */
#define WHORL_WEBSOCKET_MORE_SHIFT 12

/* What a parser is told when it is made. */
/* Frames come from a client: they must be masked; otherwise they must not. */
#define WHORL_WEBSOCKET_SERVER 1
/* RSV1 may be set in the first frame of a message. */
#define WHORL_WEBSOCKET_COMPRESSION 2

/* Frames of one message, at most. */
#define WHORL_WEBSOCKET_MOST_FRAGMENTS 16777215

/* What is wrong. */
#define WHORL_WEBSOCKET_BAD_RESERVED 1
#define WHORL_WEBSOCKET_BAD_OPCODE 2
#define WHORL_WEBSOCKET_BAD_CONTROL_FRAGMENT 3
#define WHORL_WEBSOCKET_BAD_CONTROL_LENGTH 4
#define WHORL_WEBSOCKET_BAD_CONTINUATION 5
#define WHORL_WEBSOCKET_BAD_INTERLEAVED 6
#define WHORL_WEBSOCKET_BAD_UNMASKED 7
#define WHORL_WEBSOCKET_BAD_MASKED 8
#define WHORL_WEBSOCKET_BAD_LENGTH 9
#define WHORL_WEBSOCKET_BAD_LENGTH_FORM 10
#define WHORL_WEBSOCKET_BAD_MESSAGE_LIMIT 11
#define WHORL_WEBSOCKET_BAD_FRAGMENT_LIMIT 12
#define WHORL_WEBSOCKET_BAD_UTF8 13
#define WHORL_WEBSOCKET_BAD_CLOSE_LENGTH 14
#define WHORL_WEBSOCKET_BAD_CLOSE_CODE 15
#define WHORL_WEBSOCKET_BAD_CLOSE_REASON 16

/* States of `utf8Check`. Any other is opaque. */
/* The low bits of a state: 0 between two code points. */
#define WHORL_UTF8_INSIDE 255
/* … and this when the bytes are no UTF-8, whatever follows. */
#define WHORL_UTF8_INVALID 255
/* The bit of a state that says that a byte above 0x7f was seen. */
#define WHORL_UTF8_WIDE 16777216

#endif
