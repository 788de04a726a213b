/**
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

/** A whole head: HTTP_HEAD_WORDS, a word for each field, and one more. */
export const EVENT_HTTP_HEAD = 16
/** Bytes of the body: `offset`, `length` in the input. */
export const EVENT_HTTP_BODY = 17
/** The message is whole. */
export const EVENT_HTTP_END = 18
/** Trailers of a chunked body: words as of a head, of which flags, fields and what follows them say something. */
export const EVENT_HTTP_TRAILERS = 19
/** No HTTP: `length` is one of the reasons below. The parser ignores input until it is reset. */
export const EVENT_HTTP_BAD = 20

/** Words of a head's records before those of its fields. */
export const HTTP_HEAD_WORDS = 12
/** Longest head, in bytes, and most fields that a parser may be told to take. */
export const HTTP_MAX_HEAD = 16777215
export const HTTP_MAX_FIELDS = 1000
export const HTTP_MAX_EXTENSIONS = 65535

// Flags of a head.
export const HTTP_KEPT = 1
/** The minor version is 1. */
export const HTTP_MINOR_1 = 2
/** The connection may carry another message after this one. */
export const HTTP_PERSISTENT = 4
export const HTTP_CHUNKED = 8
export const HTTP_HAS_LENGTH = 16
/** The body ends with the connection. */
export const HTTP_UNTIL_CLOSE = 32
/** `Connection: upgrade` and an `Upgrade` field. */
export const HTTP_UPGRADE = 64
export const HTTP_EXPECT_CONTINUE = 128
/** An expectation that is not `100-continue`. */
export const HTTP_EXPECT_OTHER = 256
/** There is a body, of a length that may be zero. */
export const HTTP_BODY_FOLLOWS = 512
/** At least one value is folded: each line end in it, with the blanks around, stands for a space. */
export const HTTP_FOLDED = 1024

/** The fields were put into a slot, whose number is in the flags from HTTP_SLOT_SHIFT on. */
export const HTTP_STORED = 2048
/** The fields are those of the slot, byte by byte: no words are there for them. */
export const HTTP_SAME_FIELDS = 4096
/** The first line is that of the slot's last head too. */
export const HTTP_SAME_LINE = 8192
export const HTTP_SLOT_SHIFT = 16

// Modes: what is expected, and what is let pass.
export const HTTP_REQUESTS = 0
export const HTTP_RESPONSES = 1
/** Folded fields in responses: RFC 9112, 5.2. */
export const HTTP_LET_FOLDS = 2
/** Lines of heads and trailers that end in a line feed alone: RFC 9112, 2.2. */
export const HTTP_LET_BARE_FEEDS = 4
/** Any number of empty lines before a message, not just one before a request: RFC 9112, 2.2. */
export const HTTP_LET_EMPTY_LINES = 8
/** A status line without the space in front of the reason that is not there: RFC 9112, 4. */
export const HTTP_LET_NO_REASON = 16
/** A length that is said again and again, and is the same: RFC 9110, 8.6. */
export const HTTP_LET_SAME_LENGTHS = 32
/** Blanks between a name and its colon in responses: RFC 9112, 5.1. */
export const HTTP_LET_NAME_BLANKS = 64
/** Fields may be told of as those of an earlier head: for whoever sees all heads of the instance that are. */
export const HTTP_SHARES = 128
export const HTTP_MODES = 255

// Methods.
export const HTTP_METHOD_OTHER = 0
export const HTTP_GET = 1
export const HTTP_HEAD = 2
export const HTTP_POST = 3
export const HTTP_PUT = 4
export const HTTP_DELETE = 5
export const HTTP_CONNECT = 6
export const HTTP_OPTIONS = 7
export const HTTP_TRACE = 8
export const HTTP_PATCH = 9

// Ids of the names that the core itself reads; `httpNames` must give them these places.
export const HTTP_NAME_HOST = 1
export const HTTP_NAME_CONTENT_LENGTH = 2
export const HTTP_NAME_TRANSFER_ENCODING = 3
export const HTTP_NAME_CONNECTION = 4
export const HTTP_NAME_UPGRADE = 5
export const HTTP_NAME_EXPECT = 6
/** Names that can have an id, and bytes of the longest. */
export const HTTP_NAMES = 127
export const HTTP_NAME_BYTES = 31

// What is wrong.
export const HTTP_BAD_METHOD = 1
export const HTTP_BAD_TARGET = 2
export const HTTP_BAD_VERSION = 3
/** HTTP of another major version. */
export const HTTP_BAD_MAJOR = 4
export const HTTP_BAD_STATUS = 5
export const HTTP_BAD_REASON = 6
export const HTTP_BAD_LINE_END = 7
export const HTTP_BAD_NAME = 8
export const HTTP_BAD_VALUE = 9
export const HTTP_BAD_FOLD = 10
export const HTTP_BAD_LENGTH = 11
export const HTTP_BAD_LENGTHS = 12
export const HTTP_BAD_CODING = 13
export const HTTP_BAD_CODING_UNKNOWN = 14
export const HTTP_BAD_HOST = 15
export const HTTP_BAD_LINE_LIMIT = 16
export const HTTP_BAD_HEADER_LIMIT = 17
export const HTTP_BAD_COUNT_LIMIT = 18
export const HTTP_BAD_CHUNK_SIZE = 19
export const HTTP_BAD_CHUNK_EXTENSION = 20
export const HTTP_BAD_CHUNK_END = 21
export const HTTP_BAD_EXTENSION_LIMIT = 22
