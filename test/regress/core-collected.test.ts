/** What the core holds for wheels and queues that their owners forgot to free comes back when they are collected. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createCore } from '../../src/core/index.js'
import type { Core } from '../../src/core/index.js'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

function forget(core: Core): void {
  for (let i = 0; i < 200; i++) {
    core.createTimers().schedule(5, i)
    core.createQueue().push(i)
  }
}

it('wheels and queues that were never freed give their memory back once collected', async () => {
  const core = createCore()
  core.createTimers().free()
  core.createQueue().free()
  const before = core.memoryUsage().used
  forget(core)
  expect(core.memoryUsage().used).toBeGreaterThan(before + 200 * 32768)
  // Finalizers run in tasks of their own; some turns are enough, a deadline there must be.
  for (let i = 0; i < 200 && core.memoryUsage().used > before + 3 * 65536; i++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(core.memoryUsage().used).toBeLessThanOrEqual(before + 3 * 65536)
  expect(core.memoryUsage().timers).toBeLessThanOrEqual(2)
})
