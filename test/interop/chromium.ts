/**
 * Chromium without a window, driven by the DevTools protocol over a pipe: pages that are looked at by what they show.
 * Owns: the browser's process and its folder, of which nothing is left behind. Must not know: the pages.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { root } from './programs.js'
import type { Peer } from './programs.js'

/** Where screenshots are kept. */
export const ARTEFACTS = `${root}build/artefacts`

/** Debian's, or what other systems call it. */
export function chromium(): Peer {
  const command = ['chromium', 'chromium-browser', 'google-chrome-stable'].find((name) => {
    const tried = spawnSync(name, ['--version', '--no-sandbox'], { encoding: 'utf8' })
    return tried.error === undefined && /^(?:Chromium|Google Chrome) \d/m.test(tried.stdout)
  }) ?? null
  return { name: 'Chromium', package: 'chromium', command }
}

const FLAGS = [
  '--headless=new', '--remote-debugging-pipe', '--no-first-run', '--no-default-browser-check', '--disable-gpu',
  '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-extensions', '--disable-default-apps', '--disable-crash-reporter', '--disable-breakpad', '--mute-audio',
  // Pages that are not in front are to run as if they were.
  '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  // Containers have little shared memory, and run as root; the pages are our own.
  '--disable-dev-shm-usage', '--no-sandbox', '--no-proxy-server', '--hide-scrollbars', '--password-store=basic',
]

type Answer = Record<string, any>

/** A browser. */
export class Browser {
  static readonly #running = new Set<Browser>()
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #ended: Promise<void>
  readonly #calls = new Map<number, { resolve: (answer: Answer) => void, reject: (error: Error) => void }>()
  readonly #listeners = new Map<string, (method: string, params: Answer) => void>()
  #number = 0
  #input = ''
  #errors = ''

  constructor(command: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'whorl-chromium-'))
    const { HOME: _home, ...env } = process.env
    this.#child = spawn(command, [...FLAGS, `--user-data-dir=${this.#folder}/profile`, 'about:blank'], {
      // A group of its own: the browser is several processes, and all of them are to end.
      detached: true,
      env: { ...env, HOME: this.#folder, XDG_CONFIG_HOME: this.#folder, XDG_CACHE_HOME: this.#folder },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    })
    Browser.#running.add(this)
    const [, , errors, commands, answers] = this.#child.stdio as [null, null, Readable, Writable, Readable]
    errors.on('data', (data: Buffer) => { this.#errors = (this.#errors + data.toString()).slice(-4000) })
    commands.on('error', () => undefined)
    answers.setEncoding('utf8').on('data', (data: string) => this.#received(data)).on('error', () => undefined)
    this.#ended = new Promise((resolve) => {
      const over = (why: string): void => {
        for (const { reject } of this.#calls.values()) reject(new Error(`Chromium has ended (${why})\n${this.#errors}`))
        this.#calls.clear()
        resolve()
      }
      this.#child.on('error', (error) => over(error.message))
      this.#child.on('exit', (status, signal) => over(String(status ?? signal)))
    })
  }

  /** Ends those that are left, and takes their folders away. */
  static async killAll(): Promise<void> {
    const left = [...Browser.#running]
    Browser.#running.clear()
    for (const browser of left) {
      try {
        process.kill(-browser.#child.pid!, 'SIGKILL')
      } catch {
        // It has ended by itself, or never begun.
      }
      await browser.#ended
      // Its helpers may be writing their last.
      rmSync(browser.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    }
  }

  /** A page of a person of its own: it shares nothing with the others. */
  async open(url: string, look: { width: number, height: number, dark: boolean }): Promise<Page> {
    const { browserContextId } = await this.call('Target.createBrowserContext')
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank', browserContextId })
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(this, sessionId as string)
    this.#listeners.set(sessionId as string, (method, params) => page.happened(method, params))
    for (const area of ['Page', 'Runtime', 'Log', 'Network']) await page.call(`${area}.enable`)
    const { width, height, dark } = look
    await page.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 })
    await page.call('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    })
    // As if every page were the one in front.
    await page.call('Emulation.setFocusEmulationEnabled', { enabled: true })
    await page.call('Page.navigate', { url })
    await page.until('document.readyState === "complete"')
    return page
  }

  /** One command. @param sessionId of the page it is for */
  call(method: string, params: Answer = {}, sessionId?: string): Promise<Answer> {
    const id = ++this.#number
    const done = new Promise<Answer>((resolve, reject) => this.#calls.set(id, { resolve, reject }))
    const commands = this.#child.stdio[3] as Writable
    commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return done
  }

  #received(data: string): void {
    const messages = (this.#input + data).split('\0')
    this.#input = messages.pop()!
    for (const message of messages) {
      const { id, sessionId, method, params, result, error } = JSON.parse(message) as Answer
      const call = this.#calls.get(id as number)
      this.#calls.delete(id as number)
      if (error !== undefined) call?.reject(new Error(`Chromium: ${(error as Error).message}`))
      else if (call !== undefined) call.resolve(result as Answer)
      else this.#listeners.get(sessionId as string)?.(method as string, params as Answer)
    }
  }
}

/** One page. */
export class Page {
  /** What the page complained of: errors, warnings, violations of its policy, requests that failed. */
  readonly complaints: string[] = []
  /** Addresses of all that was asked for, WebSockets too. */
  readonly requests: string[] = []
  readonly #browser: Browser
  readonly #session: string

  constructor(browser: Browser, session: string) {
    this.#browser = browser
    this.#session = session
  }

  call(method: string, params: Answer = {}): Promise<Answer> {
    return this.#browser.call(method, params, this.#session)
  }

  /** The value of an expression in the page. */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate',
      { expression, returnByValue: true, awaitPromise: true })
    if (exceptionDetails !== undefined) throw new Error(`in the page: ${JSON.stringify(exceptionDetails)}`)
    return (result as Answer)['value'] as T
  }

  /** What an element shows. */
  text(selector: string): Promise<string> {
    return this.value(`document.querySelector(${JSON.stringify(selector)}).innerText`)
  }

  /** Waits until an expression is true in the page, for as long as the test may take. */
  async until(expression: string): Promise<void> {
    const deadline = Date.now() + 45_000
    while (!await this.value<boolean>(`Boolean(${expression})`).catch(() => false)) {
      if (Date.now() > deadline) {
        const shown = await this.value<string>('document.body.innerText').catch(String)
        throw new Error([`it never became true: ${expression}`, 'the page shows:', shown, ...this.complaints].join('\n'))
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Waits until an element shows a text. */
  shows(selector: string, text: string): Promise<void> {
    const place = `document.querySelector(${JSON.stringify(selector)})`
    return this.until(`${place}?.innerText.includes(${JSON.stringify(text)})`)
  }

  /** Types into whatever has the focus, and presses Enter. */
  async types(line: string): Promise<void> {
    await this.call('Input.insertText', { text: line })
    await this.presses('Enter', '\r', 13)
  }

  /** A key, down and up. */
  async presses(key: string, text = '', code = 0): Promise<void> {
    const common = { key, code: key, windowsVirtualKeyCode: code, nativeVirtualKeyCode: code }
    await this.call('Input.dispatchKeyEvent', { type: text === '' ? 'rawKeyDown' : 'keyDown', text, ...common })
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', ...common })
  }

  /** Keeps a picture of what is on the screen. @returns the PNG */
  async screenshot(name: string): Promise<Buffer> {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png' })
    const png = Buffer.from(data as string, 'base64')
    mkdirSync(ARTEFACTS, { recursive: true })
    writeFileSync(`${ARTEFACTS}/${name}.png`, png)
    return png
  }

  /** @internal An event of the protocol. */
  happened(method: string, params: Answer): void {
    switch (method) {
      case 'Runtime.exceptionThrown':
        this.complaints.push(`exception: ${JSON.stringify(params['exceptionDetails'])}`)
        break
      case 'Runtime.consoleAPICalled':
        if (['error', 'warning', 'assert'].includes(params['type'] as string)) {
          this.complaints.push(`console.${params['type']}: ${JSON.stringify(params['args'])}`)
        }
        break
      case 'Log.entryAdded': {
        const { source, level, text, url } = params['entry'] as Answer
        if (['error', 'warning'].includes(level as string)) this.complaints.push(`${source}: ${text} ${url ?? ''}`)
        break
      }
      case 'Network.requestWillBeSent':
        this.requests.push((params['request'] as Answer)['url'] as string)
        break
      case 'Network.webSocketCreated':
        this.requests.push(params['url'] as string)
        break
    }
  }
}
