/**
 * The switchboard as it is shipped, in a process of its own on free ports, and plain sockets to talk to it with.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Program, root } from './programs.js'

/** What `npm start` runs; up to date after `build` of scripts/. */
export const MAIN = `${root}build/js/examples/switchboard/main.js`
export const ANY_PORTS = ['--echo', '--chat', '--web'].flatMap((option) => [option, 'tcp:0:interface=127.0.0.1'])

/** A running switchboard. */
export class Switchboard {
  readonly program: Program
  echo = 0
  chat = 0
  web = 0

  private constructor(program: Program) {
    this.program = program
  }

  /** @param script what node runs: the program itself, or what starts it */
  static async start(script = MAIN): Promise<Switchboard> {
    const board = new Switchboard(new Program(process.execPath, [script, ...ANY_PORTS]))
    board.echo = Number((await board.program.prints(/echo on 127\.0\.0\.1 port (\d+);/))[1])
    board.chat = Number((await board.program.prints(/chat on 127\.0\.0\.1 port (\d+);/))[1])
    board.web = Number((await board.program.prints(/web on 127\.0\.0\.1 port (\d+);/))[1])
    return board
  }

  /** The page's address. */
  get page(): string {
    return `http://127.0.0.1:${this.web}/`
  }

  /** Sends a signal; what the end was like. */
  stop(signal: 'SIGINT' | 'SIGTERM'): Promise<{ status: number | null, signal: string | null }> {
    this.program.child.kill(signal)
    return this.program.ended
  }
}

/** Someone at the other end of a plain socket. */
export class Visitor {
  static readonly #open = new Set<Visitor>()
  readonly socket: Socket
  /** Fulfilled with the error, or with null, once the connection is over. */
  readonly closed: Promise<Error | null>
  received = ''
  #ended = false
  #waiting: (() => void)[] = []

  /** @param from the address to come from: on Linux all of 127.0.0.0/8 are this machine's */
  constructor(port: number, from = '127.0.0.1') {
    Visitor.#open.add(this)
    this.socket = connect({ port, host: '127.0.0.1', localAddress: from })
    this.socket.setEncoding('utf8')
    this.socket.on('data', (data: string) => {
      this.received += data
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      let error: Error | null = null
      this.socket.on('error', (reason) => { error = reason })
      this.socket.on('close', () => {
        Visitor.#open.delete(this)
        this.#ended = true
        this.#wake()
        resolve(error)
      })
    })
  }

  /** Someone who is in the room. */
  static async named(nick: string, port: number, from?: string): Promise<Visitor> {
    const visitor = new Visitor(port, from)
    visitor.says(nick)
    await visitor.sees(`Hello, ${nick}.`)
    return visitor
  }

  /** Closes what a failed test left open. */
  static closeAll(): void {
    for (const visitor of this.#open) visitor.socket.destroy()
  }

  says(...lines: string[]): void {
    this.socket.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** Waits for a text, which is taken away with all before it. @returns what was before it */
  async sees(text: string): Promise<string> {
    for (;;) {
      const at = this.received.indexOf(text)
      if (at >= 0) {
        const before = this.received.slice(0, at)
        this.received = this.received.slice(at + text.length)
        return before
      }
      if (this.#ended) throw new Error(`the connection ended without "${text}", after "${this.received}"`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
