/**
 * What the tables of the core can name.
 */

/** Longest frame of any kind, in bytes: what a parser keeps must stay addressable with room to spare. */
export const MAX_FRAME = 1073741823
/** Longest line delimiter, in bytes. */
export const MAX_DELIMITER = 65535
/** Timers alive in one core: 22 bits of a handle name the node. */
export const MAX_TIMERS = 4194304
/** Parsers, wheels and queues alive in one core: 20 bits of a handle name the entry. */
export const MAX_HANDLES = 1048575
/** Events waiting in one queue and priority. */
export const MAX_EVENTS = 16777216
/** Priorities of the event queue: 0 runs first. */
export const PRIORITIES = 4
/** Events of one source in one drain, unless the queue is told otherwise. */
export const DEFAULT_SOURCE_BUDGET = 64
