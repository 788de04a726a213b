/**
 * Runs inside a context whose thread has nothing but two rings of shared memory: a round is `hear`, `step` and `rest`.
 */
import { portableText, SharedRing } from 'whorl/none'
import { reactorCount, receive, start, turn } from './main.js'

export { receive, start, turn }

let incoming: SharedRing
let outgoing: SharedRing
const { encode } = portableText()
/** Of each reactor, when it wants its turn. */
const due: number[] = []
let time: () => number

/** One batch: what kind, which reactor, and bytes. */
function write(kind: number, reactor: number, bytes: Uint8Array): void {
  const framed = new Uint8Array(5 + bytes.length)
  framed[0] = kind
  new DataView(framed.buffer).setUint32(1, reactor, true)
  framed.set(bytes, 5)
  outgoing.write(framed)
}

export function begin(
  memory: readonly SharedArrayBuffer[], told: string, module: WebAssembly.Module, version: string, now: () => number,
  random: () => number): void {
  incoming = new SharedRing(memory[0]!, 67_108_864)
  outgoing = new SharedRing(memory[1]!, 67_108_864)
  time = now
  start(told, {
    now, random,
    wake: (reactor, delayMs) => void (due[reactor] = now() + delayMs),
    send: (reactor, batch) => write(0, reactor, batch),
    log: (text) => write(1, 0, encode(text)),
    report: (json) => write(2, 0, encode(json)),
  }, { module }, version)
}

/** What came. Promise jobs come after it, and after each of the others. */
export function hear(): void {
  for (let batch = incoming.read(); batch !== null; batch = incoming.read()) {
    receive(new DataView(batch.buffer).getUint32(0, true), batch.subarray(4))
  }
}

/** What is due. */
export function step(): void {
  for (let reactor = 0; reactor < reactorCount(); reactor++) {
    if ((due[reactor] ?? Infinity) > time()) continue
    due[reactor] = Infinity
    turn(reactor)
  }
}

/** @returns ms that may be slept, unless something comes */
export function rest(): number {
  if (!outgoing.flush()) return 1
  return Math.max(0, Math.min(1000, ...due.map((at) => at - time())))
}
