/**
 * Runs the suites in a headless Chromium: in a page, in a worker, and in a page whose policy forbids WebAssembly.
 */
import { join } from 'node:path'
import type { Launcher } from '../runner/launcher.js'
import { Browser, CHROMIUM } from './browser.js'
import type { Setup } from './in-host/setup.js'
import { startServers } from './servers.js'

function chromium(setup: Pick<Setup, 'row' | 'place' | 'wasm'>): Launcher {
  return {
    name: setup.row,
    debian: [CHROMIUM],
    async launch({ root, scratch, lab, signal, log }) {
      const servers = await startServers(root, lab, setup, log)
      const browser = new Browser(servers.url, join(scratch, 'chromium'))
      try {
        const given = new Promise<never>((_resolve, reject) => {
          const giveUp = (): void => reject(new Error('given up'))
          signal.addEventListener('abort', giveUp)
          if (signal.aborted) giveUp()
        })
        const died = browser.ended.then((errors) => {
          throw new Error(`Chromium has ended\n${errors}`)
        })
        for (const one of [given, died]) one.catch(() => undefined)
        return await Promise.race([servers.report, given, died])
      } finally {
        await browser.close()
        await servers.close()
      }
    },
  }
}

export const launchers: readonly Launcher[] = [
  chromium({ row: 'chromium', place: 'page', wasm: true }),
  chromium({ row: 'chromium-worker', place: 'worker', wasm: true }),
  chromium({ row: 'chromium-no-wasm', place: 'page', wasm: false }),
]
