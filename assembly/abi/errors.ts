/**
 * What an export returns when it cannot do what was asked. All are negative; no export ever traps.
 */

/** An argument has a value that makes no sense: a NaN deadline, a delimiter of no bytes. */
export const ERR_ARGUMENT = -1
/** The handle was never given out, was freed, or belongs to another kind of object. */
export const ERR_HANDLE = -2
/** A pointer with its length does not lie inside linear memory. */
export const ERR_RANGE = -3
/** Linear memory could not grow. */
export const ERR_NO_MEMORY = -4
/** A table is full: as many objects of this kind live as the ABI can name. */
export const ERR_LIMIT = -5
/** The object cannot do this now: not initialised, or in the middle of a pass. */
export const ERR_STATE = -6
