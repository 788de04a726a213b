/**
 * A worker thread that shares two rings with this one and gets nothing else: no message is posted to it or by it. In it
 * the suites run in a bare context, and between two turns the thread sleeps in Atomics.wait.
 *
 *   control byte of each batch: 0 the reactor's messages · 1 text for the log · 2 the report (worker → here)
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SharedRing } from 'whorl'
import type { DriveOptions, Outside } from './drive.js'
import type { WorkerTold } from './worker.js'

/** Newer than the library that the project is compiled with. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(words: Int32Array, at: number, seen: number, ms: number): { async: boolean, value: unknown }
}

const BYTES = 262_144

export async function driveWorker(outside: Outside, { told, dist, script }: DriveOptions): Promise<void> {
  const memory = [0, 1].map(() => new SharedArrayBuffer(SharedRing.memoryFor(BYTES)))
  const [toWorker, fromWorker] = memory.map((one) => new SharedRing(one, 67_108_864)) as [SharedRing, SharedRing]
  const module = new WebAssembly.Module(readFileSync(join(dist, 'core.wasm')))
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { memory, module, told, files: [join(dist, 'none.script.js'), script] } satisfies WorkerTold,
  })
  worker.on('error', (error) => {
    outside.log(`${String(error.stack)}\n`)
    outside.report('null')
  })
  outside.inside = {
    turn: () => undefined,
    receive(reactor, batch) {
      const framed = new Uint8Array(4 + batch.length)
      new DataView(framed.buffer).setUint32(0, reactor, true)
      framed.set(batch, 4)
      toWorker.write(framed)
    },
  }
  void listen(outside, fromWorker, toWorker)
}

/** Reads what comes for as long as the process lives. */
async function listen(outside: Outside, ring: SharedRing, other: SharedRing): Promise<void> {
  for (;;) {
    const seen = Atomics.load(ring.words, 0)
    for (let batch = ring.read(); batch !== null; batch = ring.read()) take(outside, batch)
    if (!other.flush()) await new Promise((resolve) => setTimeout(resolve, 1))
    else if (Atomics.load(ring.words, 0) === seen) {
      const { async: isAsync, value } = waitAsync(ring.words, 0, seen, 1000)
      if (isAsync) await value
    }
  }
}

function take(outside: Outside, batch: Uint8Array): void {
  const [kind, body] = [batch[0], batch.subarray(5)]
  if (kind === 0) outside.send(new DataView(batch.buffer).getUint32(1, true), body)
  else if (kind === 1) outside.log(new TextDecoder().decode(body))
  else outside.report(new TextDecoder().decode(body))
}
