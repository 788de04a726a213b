/**
 * The core's error codes as errors.
 *
 * Owns: a sentence for each code. Source: assembly/abi/errors.ts.
 */
import {
  ERR_ARGUMENT, ERR_HANDLE, ERR_LIMIT, ERR_NO_MEMORY, ERR_RANGE, ERR_STATE,
} from '../../assembly/abi/errors.js'
import { CoreError } from '../errors/core.js'

const SENTENCES: Record<number, string> = {
  [ERR_ARGUMENT]: 'an argument is out of its range',
  [ERR_HANDLE]: 'the object was freed',
  [ERR_RANGE]: 'the bytes do not lie in the core’s memory',
  [ERR_NO_MEMORY]: 'the core’s memory cannot grow',
  [ERR_LIMIT]: 'as many objects of this kind are alive as the core can name',
  [ERR_STATE]: 'the object cannot do this now',
}

/** Gives a result of the core back, or throws what it stands for. */
export function check(result: number, call: string): number {
  if (result >= 0) return result
  throw new CoreError(`${call}: ${SENTENCES[result] ?? 'unknown error'}.`, result)
}
