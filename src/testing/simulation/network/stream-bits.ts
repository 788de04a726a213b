/**
 * The bits of one end of a simulated stream.
 *
 *   EMBRYO → (OPENED, PAUSED) → CLOSED (the program is done with it) → DEAD (so is the host)
 */

/** Somebody listens. */
export const OPENED = 1
export const PAUSED = 1 << 1
/** The program has closed it, or it was taken from it. */
export const CLOSED = 1 << 2
/** …and what still comes is accepted, for a while. */
export const DISCARDING = 1 << 3
/** The host knows it no more. */
export const DEAD = 1 << 4
/** …after it has ended in order: a late end of the other side is no surprise. */
export const ORDERLY = 1 << 5
/** Our end of stream follows what was written. */
export const END_WANTED = 1 << 6
export const END_SENT = 1 << 7
export const END_ANSWERED = 1 << 8
/** The other side's end has come; it may not have been told yet. */
export const END_RECEIVED = 1 << 9
export const END_TOLD = 1 << 10
/** `sent` is to be told when the buffer has room. */
export const WANTS_SENT = 1 << 11
/** Answers are to come as packets of their own. */
export const WANTS_ANSWERS = 1 << 12
/** An answer is on its way. */
export const ANSWERING = 1 << 13
/** An event is scheduled that tells what the next four say. */
export const NOTICED = 1 << 14
export const TELL_FINISHED = 1 << 15
export const TELL_CLOSED = 1 << 16
export const READ = 1 << 17
/** It has broken, and the program is to be told when it reads on. */
export const BROKEN = 1 << 18
/** The listening side before it was told of the connection. */
export const EMBRYO = 1 << 19
/** A UNIX socket. */
export const UNIX = 1 << 20
/** All that keeps a piece from being handed over at once. */
export const SPECIAL = DEAD | EMBRYO | CLOSED
