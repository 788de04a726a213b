/**
 * `whorl get URL`: fetches what is at a URL.
 *
 * Owns: where it goes, what is printed, and what the exit status says. Must not know: HTTP; agents do.
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import process from 'node:process'
import type { Writable } from 'node:stream'
import { Agent, parseHTTPURL, RedirectAgent, REASON_PHRASES } from '../../../src/http/index.js'
import type { ClientResponse } from '../../../src/http/index.js'
import { reactor } from '../index.js'
import type { Command } from './command.js'
import { FAILED, OK, readArguments, say, UsageError } from './command.js'
import { bytes, Progress } from './progress.js'

const USAGE = `Fetches what is at a URL, and prints it.

  whorl get [-o FILE] [--verbose] URL

  URL                where it is, as http://example.com/ or https://example.com/file
  -o, --output FILE  write it there instead; the file is made when the answer has begun well
  --verbose          tell of redirections, and of the answer's head

Redirections are followed. An answer of 400 or more is not printed: a line says which it was, and the status is 1.
`

export const get: Command = {
  summary: 'fetch what is at a URL',
  usage: USAGE,
  async run(args) {
    const { values, positionals: [url] } = readArguments(args, ['URL'], {
      output: { type: 'string', short: 'o' },
      verbose: { type: 'boolean', default: false },
    })
    check(url!)
    const fetching = new Fetching(url!, values['output'] as string | undefined, values['verbose'] === true)
    reactor.callWhenRunning(() => void fetching.go())
    await reactor.run()
    if (fetching.error !== null) throw fetching.error
    return fetching.status
  },
}

function check(url: string): void {
  try {
    parseHTTPURL(url)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** One fetch, from its beginning to its end. */
class Fetching {
  status = OK
  error: unknown = null
  readonly #url: string
  readonly #output: string | undefined
  readonly #isVerbose: boolean
  readonly #controller = new AbortController()
  #isInterrupted = false
  #length: number | null = null
  #received = 0

  constructor(url: string, output: string | undefined, isVerbose: boolean) {
    this.#url = url
    this.#output = output
    this.#isVerbose = isVerbose
    reactor.addSystemEventTrigger('before', 'shutdown', () => {
      this.#isInterrupted = true
      this.#controller.abort()
    })
  }

  async go(): Promise<void> {
    try {
      const agent = new RedirectAgent(new Agent(reactor))
      const { signal } = this.#controller
      const headers = { 'User-Agent': 'whorl', Accept: '*/*' }
      const response = await agent.request('GET', this.#url, { signal, headers })
      if (this.#isVerbose) tell(response)
      if (response.status >= 400) {
        response.discard()
        const { status, reason } = response
        throw new Error(`${response.url}: ${status} ${printable(reason || REASON_PHRASES[status] || '')}`.trimEnd())
      }
      await this.#take(response)
    } catch (error) {
      if (!this.#isInterrupted) this.error = error
      else say('whorl: interrupted')
      this.status = FAILED
    }
    // After Ctrl-C it stops already.
    if (!this.#isInterrupted) reactor.stop()
  }

  /** Prints, or writes, the body, no faster than it is taken. */
  async #take(response: ClientResponse): Promise<void> {
    this.#length = response.body.expected
    const target = await this.#open()
    // Where the data goes to the terminal, the line would be in the way.
    const progress = this.#output === undefined && process.stdout.isTTY ? null
      : new Progress(reactor, () => ({ sent: 0, received: this.#received }), (_done, rate) => this.#words(rate))
    progress?.start()
    try {
      for await (const chunk of response) {
        await write(target, chunk)
        this.#received += chunk.length
      }
      await close(target)
    } catch (error) {
      // Whoever reads only the first lines has seen enough.
      if (target !== process.stdout || (error as { code?: string }).code !== 'EPIPE') throw error
    } finally {
      progress?.stop()
    }
  }

  async #open(): Promise<Writable> {
    if (this.#output === undefined) return process.stdout
    const file = createWriteStream(this.#output)
    file.on('error', () => undefined)
    await once(file, 'open')
    return file
  }

  #words(rate: number): string {
    const [received, length] = [this.#received, this.#length]
    if (length === null) return `${bytes(received)}, ${bytes(rate)}/s`
    const left = rate > 0 ? `, ${Math.ceil((length - received) / rate)} s left` : ''
    return `${bytes(received)} of ${bytes(length)} (${Math.floor(received / Math.max(1, length) * 100)} %), ` +
      `${bytes(rate)}/s${left}`
  }
}

/** How it was answered, and where the way led. */
function tell(response: ClientResponse): void {
  const way: ClientResponse[] = []
  for (let one: ClientResponse | null = response; one !== null; one = one.previousResponse) way.unshift(one)
  for (const { url, status, headers } of way) {
    say(`${url}: ${status}`)
    for (const [name, value] of headers) say(`  ${name}: ${printable(value)}`)
  }
}

/** What others wrote, without anything that a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\uffff]/g, '?')
}

function write(target: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    target.write(chunk, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

function close(target: Writable): Promise<void> {
  if (target === process.stdout) return Promise.resolve()
  return new Promise((resolve, reject) => {
    target.on('error', reject)
    target.end(() => resolve())
  })
}
