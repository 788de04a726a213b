/**
 * The thread of a plug-in: makes a bare context, starts the plug-in there, and then only sleeps and wakes it.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as vm from 'node:vm'
import { workerData } from 'node:worker_threads'

/** What it begins with. */
export interface WorkerTold {
  readonly inward: SharedArrayBuffer
  readonly outward: SharedArrayBuffer
  readonly pulse: Int32Array
  readonly source: string
  readonly module: WebAssembly.Module
  readonly script: string
}

/** Longest sleep, ms: that often it shows that it is alive. */
const LONGEST = 50

/** Runs inside of the context, which has no host function at all: Date is clock enough. */
const INSIDE = `
const incoming = new whorl.SharedRing(inward), outgoing = new whorl.SharedRing(outward)
const { encode } = whorl.portableText()
const write = (kind, bytes) => {
  const all = new Uint8Array(1 + bytes.length)
  all[0] = kind
  all.set(bytes, 1)
  outgoing.write(all)
}
const reactor = whorl.createReactor({
  module, now: () => Date.now(), wallClock: () => Date.now(), send: (batch) => write(0, batch),
  log: (text) => say(text),
})
const say = (text) => write(1, encode(String(text)))
function hear() { for (let batch = incoming.read(); batch !== null; batch = incoming.read()) reactor.receive(batch) }
function rest() { return outgoing.flush() ? reactor.nextDeadline() - Date.now() : 1 }
`

const { inward, outward, pulse, source, module, script } = workerData as WorkerTold
const context = vm.createContext(Object.assign(Object.create(null) as object, { inward, outward, module }), {
  codeGeneration: { strings: false, wasm: false }, microtaskMode: 'afterEvaluate',
})
const run = (code: string): unknown => vm.runInContext(code, context)
run(readFileSync(fileURLToPath(script), 'utf8'))
run(INSIDE)
const words = new Int32Array(inward, 0, 2)
const [hear, turn, rest] = ['hear()', 'reactor.turn()', 'rest()'].map((code) => new vm.Script(code))
const beat = (): void => void Atomics.add(pulse, 0, 1)
beat()
vm.runInContext(source, context, { filename: 'plug-in.js' })
for (;;) {
  const seen = Atomics.load(words, 0)
  hear!.runInContext(context)
  turn!.runInContext(context)
  const delay = rest!.runInContext(context) as number
  beat()
  if (delay > 0) Atomics.wait(words, 0, seen, Math.min(delay, LONGEST))
}
