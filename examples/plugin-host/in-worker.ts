/**
 * A plug-in in a worker thread: needs nothing but Node. All that crosses are bytes in two rings of shared memory.
 *
 * The thread can be ended whatever it does, and what happens in it holds nobody up. But its bare context is one of
 * node:vm, which is no wall against code that looks for a way out: for plug-ins that may be wrong, not hostile ones.
 */
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { SharedRing } from 'whorl'
import { gatewayFor, published } from './plug-in.js'
import type { PlugIn, PlugInOptions } from './plug-in.js'
import type { WorkerTold } from './worker.js'

const RING = SharedRing.memoryFor(262_144)
/** How often the rings are looked at, ms. `Atomics.waitAsync` would do it without looking. */
const LOOK = 2

export function startInWorker(options: PlugInOptions): PlugIn {
  const inward = new SharedArrayBuffer(RING)
  const outward = new SharedArrayBuffer(RING)
  /** Word 0 goes up with each round of the worker. */
  const pulse = new Int32Array(new SharedArrayBuffer(4))
  const toWorker = new SharedRing(inward)
  const fromWorker = new SharedRing(outward)
  const workerData: WorkerTold = {
    inward, outward, pulse, source: options.source,
    module: new WebAssembly.Module(readFileSync(published('core.wasm'))), script: published('none.script.js').href,
  }
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData, env: {}, stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: 128 },
  })
  let settle: (why: string) => void = () => undefined
  const ended = new Promise<string>((resolve) => {
    settle = resolve
  })
  const gateway = gatewayFor(options, (batch) => toWorker.write(batch), (why) => stop(why))
  let [seen, since] = [0, performance.now()]
  const look = setInterval(() => {
    try {
      toWorker.flush()
      for (let batch = fromWorker.read(); batch !== null && !gateway.closed; batch = fromWorker.read()) take(batch)
    } catch (error) {
      stop(`it broke the rules: ${String(error)}`)
    }
    const now = performance.now()
    const beat = Atomics.load(pulse, 0)
    if (beat !== seen || beat === 0) [seen, since] = [beat, now]
    else if (now - since > options.patience) stop('it did not come back')
  }, LOOK)

  /** The first byte says what it is. */
  function take(batch: Uint8Array): void {
    if (batch[0] === 0) gateway.receive(batch.subarray(1))
    else options.said(new TextDecoder().decode(batch.subarray(1, 4096)))
  }

  function stop(why = 'it was stopped'): void {
    clearInterval(look)
    gateway.close()
    void worker.terminate().then(() => settle(why))
  }
  worker.on('error', (error) => stop(`it failed: ${String(error)}`))
  return { ended, stop }
}
