/** A reader of standard error that takes nothing held up the end of the program by a second for each report. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { root } from '../arch/files.js'

beforeAll(() => build(), 300_000)

describe('reports of unhandled failures at the end of a program', () => {
  // Without the mend it takes more than five minutes.
  it('wait for a reader that takes nothing only once', { timeout: 100_000 }, async () => {
    const program = `import { fail } from 'whorl'
      for (let i = 0; i < 300; i++) fail(new Error('x'.repeat(100_000)))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root, stdio: ['ignore', 'ignore', 'pipe'],
    })
    try {
      // The pipe is left full: nobody reads from it before the process is gone.
      const [status] = await once(child, 'exit') as [number | null]
      expect(status).toBe(0)
    } finally {
      child.kill()
      child.stderr.destroy()
    }
  })
})
