/**
 * The worker's thread: makes the bare context, and does nothing from then on but sleep and wake it.
 */
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import * as vm from 'node:vm'
import { workerData } from 'node:worker_threads'

/** What the thread begins with. */
export interface WorkerTold {
  readonly memory: SharedArrayBuffer[]
  readonly module: WebAssembly.Module
  readonly told: string
  readonly files: readonly string[]
}

const { memory, module, told, files } = workerData as WorkerTold

const context = vm.createContext(Object.create(null) as object, {
  codeGeneration: { strings: false, wasm: false },
  // Promise jobs of the context are done when a script of it ends: this thread never goes back to Node's loop.
  microtaskMode: 'afterEvaluate',
})
for (const file of files) new vm.Script(readFileSync(file, 'utf8'), { filename: file }).runInContext(context)
Object.assign(context, {
  memory, module, told, version: process.versions.node, now: () => performance.now(),
  random: () => Math.floor(Math.random() * 256),
})
vm.runInContext('inHost.begin(memory, told, module, version, now, random)', context)
const hear = new vm.Script('inHost.hear()')
const step = new vm.Script('inHost.step()')
const rest = new vm.Script('inHost.rest()')
const words = new Int32Array(memory[0]!, 0, 2)
for (;;) {
  const seen = Atomics.load(words, 0)
  hear.runInContext(context)
  step.runInContext(context)
  const delay = rest.runInContext(context) as number
  if (delay > 0) Atomics.wait(words, 0, seen, delay)
}
