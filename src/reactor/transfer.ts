/**
 * Transfer: a value together with what of it moves to another thread instead of being copied.
 *
 * Owns: the mark, which holds across threads and copies of the package. Must not know: threads.
 * Source: the `transfer` argument of `postMessage`, HTML Standard 2.7.
 */

const MARK = Symbol.for('whorl.transfer')

/** A marked value. @internal */
export interface Transfer {
  readonly value: unknown
  readonly list: readonly object[]
}

/**
 * Marks an argument for a thread, or a task's result, so that the objects of `list` move: this side loses them, and
 * nothing is copied.
 *
 * @param value what the other side gets
 * @param list ArrayBuffers, MessagePorts and the like somewhere in `value`; if not given, the value itself, or, for
 *   an array of bytes that has its memory to itself, that memory
 * @returns what stands for the value on the way
 * @example
 * deferToThread(task, transfer(bytes)).addCallback((compressed) => transport.write(compressed))
 */
export function transfer<T extends object>(value: T, list?: readonly object[]): T {
  const marked: Transfer = { value, list: list === undefined ? movable(value) : [...list] }
  // As the type of what the other side gets: that is what a task's signature says.
  return Object.defineProperty(marked, MARK, { value: true }) as unknown as T
}

/** True for what {@link transfer} made. @internal */
export function isTransfer(value: unknown): value is Transfer {
  return typeof value === 'object' && value !== null && Object.prototype.hasOwnProperty.call(value, MARK)
}

function movable(value: object): object[] {
  if (!ArrayBuffer.isView(value)) return [value]
  // Small Buffers share one memory: moving it would take the others' bytes too.
  return value.byteLength === value.buffer.byteLength ? [value.buffer] : []
}
