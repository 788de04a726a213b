/**
 * A page in a Chromium without a window that is asked to run things, one at a time.
 *
 * Owns: the browser, and the server of the project's files that the page comes from. Must not know: what is asked.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Browser } from '../test/hosts/web/browser.js'
import { NotInstalled } from './model.js'
import type { PageAnswer, PageQuestion } from './processes/page.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const HTML = '<!doctype html><title>bench</title><script type="module" src="/build/js/bench/processes/page.js"></script>'

/** With these a page's clock counts in 5 microseconds. */
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

export class Page {
  readonly #server: Server
  readonly #browser: Browser
  readonly #folder: string
  /** The page's request for what to do next, once it has come. */
  #asking: ServerResponse | null = null
  #waiting: ((answer: PageAnswer) => void) | null = null

  /** @throws NotInstalled without a Chromium that shows the page */
  static async open(): Promise<Page> {
    const folder = await mkdtemp(join(tmpdir(), 'whorl-bench-'))
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const page = new Page(server, folder)
    const shown = new Promise<PageAnswer>((resolve) => { page.#waiting = resolve })
    const ended = page.#browser.ended.then((errors) => { throw new NotInstalled(`Chromium: ${errors.slice(-300)}`) })
    try {
      await Promise.race([shown, ended])
    } catch (error) {
      await page.close()
      throw error
    }
    ended.catch(() => undefined)
    return page
  }

  private constructor(server: Server, folder: string) {
    this.#server = server
    this.#folder = folder
    server.on('request', (request, response) => void this.#serve(request, response))
    this.#browser = new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, folder)
  }

  /** One question, and its answer. @throws Error with what went wrong in the page */
  async ask(question: PageQuestion): Promise<PageAnswer> {
    const answered = new Promise<PageAnswer>((resolve) => { this.#waiting = resolve })
    this.#asking?.end(JSON.stringify(question))
    this.#asking = null
    const ended = this.#browser.ended.then((errors) => { throw new Error(`Chromium has ended: ${errors}`) })
    const answer = await Promise.race([answered, ended])
    if (answer.error !== undefined) throw new Error(`in the page: ${answer.error}`)
    return answer
  }

  async close(): Promise<void> {
    await this.#browser.close()
    this.#server.closeAllConnections()
    this.#server.close()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = normalize(new URL(request.url ?? '/', 'http://page').pathname)
    if (path === '/next') {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      this.#asking = response.writeHead(200, { 'content-type': 'application/json' })
      this.#waiting?.(JSON.parse(body) as PageAnswer)
      return
    }
    try {
      const body = path === '/' ? HTML : await readFile(join(root, path))
      response.writeHead(200, { ...ISOLATED, 'content-type': path === '/' ? 'text/html' : 'text/javascript' }).end(body)
    } catch {
      response.writeHead(404).end()
    }
  }
}
