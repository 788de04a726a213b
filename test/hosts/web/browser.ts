/**
 * A Chromium without a window, for one page.
 *
 * Owns: the processes and the folder of the browser, of which nothing is left. Must not know: the page; it reports by
 * itself.
 */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** What Debian's package is called, and the program. */
export const CHROMIUM = 'chromium'

const FLAGS = [
  '--headless=new', '--no-first-run', '--no-default-browser-check', '--disable-gpu', '--disable-quic',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
  '--disable-default-apps', '--disable-crash-reporter', '--disable-breakpad', '--mute-audio',
  '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  // Containers have little shared memory, and run as root; the pages are our own.
  '--disable-dev-shm-usage', '--no-sandbox', '--no-proxy-server', '--password-store=basic',
]

/** Shows a page until it is closed. */
export class Browser {
  /** Settles when the browser has ended: with what it wrote to standard error. */
  readonly ended: Promise<string>
  readonly #pid: number | undefined

  /** @param folder empty, for all that it keeps */
  constructor(url: string, folder: string) {
    mkdirSync(folder, { recursive: true })
    const { HOME: _home, ...env } = process.env
    const child = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${join(folder, 'profile')}`, url], {
      // A group of its own: the browser is several processes, and all of them are to end.
      detached: true,
      env: { ...env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#pid = child.pid
    let errors = ''
    child.stderr.on('data', (data: Buffer) => { errors = (errors + data.toString()).slice(-4000) })
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', () => resolve(errors))
    })
  }

  /** Ends it. */
  async close(): Promise<void> {
    try {
      if (this.#pid !== undefined) process.kill(-this.#pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
    await this.ended
  }
}
