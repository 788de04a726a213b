/** What the tests of threads run there: plain JavaScript, as Node 20 takes nothing else. */
import process from 'node:process'
import { threadId } from 'node:worker_threads'

const MARK = Symbol.for('whorl.transfer')

export default function add(a, b) {
  return a + b
}

export const whereAmI = () => threadId

export const later = (value) => new Promise((resolve) => setTimeout(() => resolve(value), 1))

export function fails() {
  const error = new RangeError('too many', { cause: new TypeError('of these', { cause: 'a text' }) })
  throw Object.assign(error, { code: 'E_MANY', limit: 5, list: [1] })
}

export function failsByName() {
  class OwnError extends Error {
    name = 'OwnError'
    get code() {
      return 'E_OWN'
    }
  }
  throw new OwnError('own')
}

export async function failsSeveral() {
  throw new AggregateError([new Error('one'), 2], 'both')
}

export function throwsHostile() {
  throw new Proxy(new Error('x'), {
    get() {
      throw new Error('no')
    },
  })
}

export const throwsText = async () => {
  throw 'just text'
}

export const throwsFunction = () => {
  throw () => 1
}

export const returnsFunction = () => () => 1

export const exits = (status) => process.exit(status)

/** An error that no caller can catch. */
export const explodes = () => new Promise(() => {
  setTimeout(() => {
    throw new Error('nobody catches this')
  }, 1)
})

export const fills = () => {
  const kept = []
  for (;;) kept.push(new Array(1000).fill(kept.length))
}

/** Tells that it has begun, and never ends. */
export const spins = (shared) => {
  begun(shared)
  for (;;);
}

export const sleeps = (shared) => {
  begun(shared)
  return new Promise(() => setInterval(() => undefined, 1000))
}

/** Ends well, and leaves something that goes off in the thread when it runs nothing. */
export const leavesTrouble = (shared) => {
  setTimeout(() => {
    begun(shared)
    process.exit(3)
  }, 1)
  return 'fine'
}

function begun(shared) {
  Atomics.add(shared, 0, 1)
  Atomics.notify(shared, 0)
}

export const sumOf = (bytes) => {
  let sum = 0
  for (const byte of bytes) sum += byte
  return sum
}

/** Gives back what it got, without a copy. */
export const givesBack = (bytes) => {
  bytes[0] += 1
  const moved = { value: bytes, list: [bytes.buffer] }
  return Object.defineProperty(moved, MARK, { value: true })
}

/** Talks through a port that it was given. */
export const counts = (port, to) => {
  for (let i = 1; i <= to; i++) port.postMessage(i)
  port.close()
  return 'counted'
}
