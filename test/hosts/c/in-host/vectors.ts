/**
 * Runs a script of calls of the ABI and gives all that they told, as text: what vectors.c does in C, line by line.
 *
 *     case TEXT                        a heading, printed
 *     fresh                            another instance
 *     put ADDRESS HEX                  bytes into memory
 *     call EXPORT ARGUMENT…            prints the result: an integer, or the bits of an f64
 *     set NAME EXPORT ARGUMENT…        the same, and $NAME stands for it from now on
 *     receive PARSER KEEPREST HEX      parses a chunk, through all its calls; prints every record
 *     advance WHEEL NOW                a pass of a wheel: the ids that ran
 *     push QUEUE ID PRIORITY SOURCE    · drain QUEUE BUDGET
 *     words ADDRESS COUNT              words of memory; @ADDRESS is the word there
 *     memory                           a hash of all memory that was ever used
 */
import {
  HEADER_ASCII, HEADER_CONSUMED, HEADER_HTTP_MORE, HEADER_TOP, QUEUE_INBOX, QUEUE_OUT, RECORD_BYTES, RING, STAGE,
  TIMER_RAN, WHEEL_COUNT, WHEEL_OUT, WHEEL_OUT_BYTES,
} from '../../../../assembly/abi/layout.js'
import { ABI_VERSION } from '../../../../assembly/abi/version.js'
import type { CoreExports } from '../../../../src/core/exports.js'

type Name = Exclude<keyof CoreExports, 'memory'>

/** What a script's calls told. @param make an instance that nobody has used */
export function runVectors(script: string, make: () => CoreExports): string {
  return new Machine(make).run(script)
}

class Machine {
  readonly #make: () => CoreExports
  #core!: CoreExports
  #values = new Map<string, number>()
  #out: string[] = []

  constructor(make: () => CoreExports) {
    this.#make = make
  }

  run(script: string): string {
    for (const line of script.split('\n')) {
      const parts = line.split(' ').filter((part) => part !== '')
      const [command] = parts
      if (command === undefined || command.startsWith('#')) continue
      if (command === 'case') this.#out.push(line)
      else this.#step(command, parts.slice(1))
    }
    return `${this.#out.join('\n')}\n`
  }

  #step(command: string, rest: string[]): void {
    if (command === 'fresh') this.#fresh()
    else if (command === 'put') this.#put(this.#number(rest[0]!), rest[1] ?? '')
    else if (command === 'call') this.#call(rest[0]!, rest.slice(1))
    else if (command === 'set') this.#values.set(rest[0]!, this.#call(rest[1]!, rest.slice(2)))
    else if (command === 'receive') this.#receive(this.#number(rest[0]!), this.#number(rest[1]!), rest[2] ?? '')
    else if (command === 'words') this.#out.push(this.#words(this.#number(rest[0]!), this.#number(rest[1]!)))
    else if (command === 'advance') this.#advance(this.#number(rest[0]!), this.#number(rest[1]!))
    else if (command === 'push') this.#push(rest.map((text) => this.#number(text)))
    else if (command === 'drain') this.#drain(this.#number(rest[0]!), this.#number(rest[1]!))
    else if (command === 'memory') this.#digest()
    else throw new Error(`no such command: ${command}`)
  }

  #fresh(): void {
    this.#core = this.#make()
    this.#values.clear()
    if (this.#core.initialize() !== ABI_VERSION) throw new Error('another version of the ABI')
  }

  #view(): DataView {
    return new DataView(this.#core.memory.buffer)
  }

  #word(address: number): number {
    return this.#view().getInt32(address, true)
  }

  #number(text: string): number {
    if (text.startsWith('@')) return this.#word(Number(text.slice(1)))
    if (!text.startsWith('$')) return Number(text)
    const value = this.#values.get(text.slice(1))
    if (value === undefined) throw new Error(`no such value: ${text}`)
    return value
  }

  #put(address: number, hex: string): number {
    const bytes = new Uint8Array(this.#core.memory.buffer)
    for (let i = 0; i < hex.length; i += 2) bytes[address + i / 2] = Number.parseInt(hex.slice(i, i + 2), 16)
    return hex.length / 2
  }

  #words(address: number, count: number): string {
    let text = ''
    for (let i = 0; i < count; i++) {
      text += ` ${(this.#word(address + 4 * i) >>> 0).toString(16).padStart(8, '0')}`
    }
    return text
  }

  #call(name: string, args: string[]): number {
    const fn = this.#core[name as Name] as ((...values: number[]) => number) | undefined
    if (typeof fn !== 'function') throw new Error(`no such export: ${name}`)
    const result = fn(...args.map((text) => this.#number(text)))
    if (name === 'timersNext') {
      const bits = new DataView(new ArrayBuffer(8))
      bits.setFloat64(0, result)
      this.#out.push(`${name} = ${bits.getBigUint64(0).toString(16).padStart(16, '0')}`)
    } else {
      this.#out.push(`${name} = ${result}`)
    }
    return result
  }

  #receive(parser: number, keepRest: number, hex: string): void {
    const length = this.#put(STAGE, hex)
    for (let from = 0; ;) {
      const count = this.#core.parserReceive(parser, STAGE + from, length - from, keepRest)
      const consumed = this.#word(HEADER_CONSUMED)
      this.#out.push(`receive = ${count} consumed ${consumed} ascii ${this.#word(HEADER_ASCII)}` +
        ` more ${this.#word(HEADER_HTTP_MORE)}:${this.#words(RING, count > 0 ? count * (RECORD_BYTES / 4) : 0)}`)
      if (count < 0) return
      from += consumed
      if (from >= length || consumed === 0 || keepRest === 0) return
    }
  }

  #advance(wheel: number, now: number): void {
    const at = this.#core.timersAddress(wheel)
    let count = this.#core.timersAdvance(wheel, now)
    let text = `advance = ${count}:`
    for (; count > 0; count = this.#core.timersMore(wheel)) {
      for (let i = 0; i < count; i++) {
        const record = at + WHEEL_OUT + i * WHEEL_OUT_BYTES
        const version = this.#word(record + 8)
        const word = this.#word(record + 12)
        if (this.#word(word) !== version) continue
        this.#view().setInt32(word, version + TIMER_RAN, true)
        this.#view().setInt32(at + WHEEL_COUNT, this.#word(at + WHEEL_COUNT) - 1, true)
        text += ` ${this.#word(record)}`
      }
    }
    this.#out.push(text)
  }

  #push([queue, ...record]: number[]): void {
    const at = this.#core.queueAddress(queue!) + QUEUE_INBOX
    record.forEach((word, index) => this.#view().setInt32(at + 4 * index, word, true))
    this.#out.push(`push = ${this.#core.queueAccept(queue!, 1)}`)
  }

  #drain(queue: number, budget: number): void {
    const out = this.#core.queueAddress(queue) + QUEUE_OUT
    let text = `drain = ${this.#core.queueBegin(queue, budget)}:`
    for (let count; (count = this.#core.queueNext(queue)) > 0;) {
      for (let i = 0; i < count; i++) text += ` ${this.#word(out + 4 * i)}`
    }
    this.#out.push(text)
  }

  #digest(): void {
    const top = this.#word(HEADER_TOP)
    const bytes = new Uint8Array(this.#core.memory.buffer)
    let hash = 2166136261
    for (let i = 0; i < top; i++) hash = Math.imul(hash ^ bytes[i]!, 16777619)
    this.#out.push(`memory ${top} ${(hash >>> 0).toString(16).padStart(8, '0')}`)
  }
}
