/**
 * An instance of the core and the views over its memory.
 *
 * Owns: the instance, fresh views, the stage and the ring that all parsers share. Must not know: any wire format.
 * A view is never kept across a call that may grow memory: `words()` and `bytes()` look whether theirs was detached.
 */
import {
  HEADER_PARSERS, HEADER_TIMERS, HEADER_USED, STAGE, STAGE_BYTES,
} from '../../assembly/abi/layout.js'
import { ABI_VERSION } from '../../assembly/abi/version.js'
import { CoreError } from '../errors/core.js'
import { Digest } from './digest.js'
import type { CoreExports, Instantiate } from './exports.js'
import type { CoreBuild } from './instantiate.js'
import { HTTPParser } from './http-parser.js'
import type { HTTPParserOptions } from './http-parser.js'
import { bestBuild, instantiateModule } from './instantiate.js'
import { LengthPrefixParser, LineParser, NetstringParser } from './parsers.js'
import type { LengthPrefixParserOptions, LineEncoding, LineParserOptions, NetstringParserOptions } from './parsers.js'
import { EventQueue } from './queue.js'
import { SeededRandom } from './random.js'
import type { TextPort } from './text.js'
import { portableText } from './text.js'
import { Timers } from './timers.js'
import type { TimersOptions } from './timers.js'
import { WebSocketParser } from './websocket-parser.js'
import type { WebSocketParserOptions } from './websocket-parser.js'

export interface CoreOptions {
  /** Which of the package's builds; the best that this engine runs unless given. */
  build?: CoreBuild
  /** A compiled core.wasm, or its bytes, instead of the package's own copy. */
  module?: WebAssembly.Module | Uint8Array<ArrayBuffer>
  /** Makes the instance by other means: `instantiatePlain` of `whorl/core/plain` needs no WebAssembly. */
  instantiate?: Instantiate
  /** How this host makes strings; a portable way unless given. */
  text?: TextPort
  /** How this host makes arrays that need not be zero, because they will be filled; `Uint8Array` unless given. */
  allocate?: (length: number) => Uint8Array
}

/** What a core uses, in bytes, and how many objects live in it. */
export interface MemoryUsage {
  /** Bytes of linear memory. */
  total: number
  /** Bytes of it in use. */
  used: number
  parsers: number
  timers: number
}

/** What must be freed when its owner is collected; must not know the owner. */
interface Orphan {
  handle: number
  free(handle: number): number
}

/** Whoever has records left in the ring, which everyone shares. */
export interface RingUser {
  saveRecords(): void
}

const NO_BYTES = new Uint8Array(0)

/** Whoever needs what is on the stage, which everyone shares. */
export interface StageUser {
  saveStage(): void
}

/** One instance of core.wasm. */
export class Core {
  /** The raw exports (docs/abi.md). */
  readonly exports: CoreExports
  /** How frames become strings. */
  text: TextPort
  /** How arrays are made that will be written from end to end. */
  allocate: (length: number) => Uint8Array
  /** Who has unread records in the ring. */
  ringUser: RingUser | null = null
  /** Who has bytes on the stage that are nowhere else. */
  stageUser: StageUser | null = null
  #words!: Int32Array
  #bytes!: Uint8Array
  #timers: Timers | undefined
  #queue: EventQueue | undefined
  #orphans: FinalizationRegistry<Orphan> | undefined
  #staged: Uint8Array | null = null
  #stagedFrom = 0
  #stagedTo = 0
  #stageView: Uint8Array = NO_BYTES

  /** Use {@link createCore}. */
  constructor(options: CoreOptions = {}) {
    const { module, build } = options
    const make =
      options.instantiate ?? instantiateModule(module !== undefined ? { module } : { build: build ?? bestBuild() })
    this.exports = make(() => this.#refresh())
    const version = this.exports.initialize()
    if (version !== ABI_VERSION) {
      throw new CoreError(`This core.wasm speaks version ${version} of the ABI; this package needs ${ABI_VERSION}.`)
    }
    this.#refresh()
    this.text = options.text ?? portableText()
    this.allocate = options.allocate ?? zeros
  }

  /** Linear memory as int32; good until the next call that may grow it. */
  words(): Int32Array {
    return this.#words.length === 0 ? this.#refresh() : this.#words
  }

  /** Linear memory as bytes; good until the next call that may grow it. */
  bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#refresh()
    return this.#bytes
  }

  #refresh(): Int32Array {
    const { buffer } = this.exports.memory
    this.#bytes = new Uint8Array(buffer)
    return (this.#words = new Int32Array(buffer))
  }

  /** Timers of 1 ms ticks from time 0, made at first use. */
  get timers(): Timers {
    return (this.#timers ??= new Timers(this))
  }

  /** An event queue, made at first use. */
  get queue(): EventQueue {
    return (this.#queue ??= new EventQueue(this))
  }

  /** Another timing wheel. */
  createTimers(options?: TimersOptions): Timers {
    return new Timers(this, options)
  }

  /** Another event queue. */
  createQueue(): EventQueue {
    return new EventQueue(this)
  }

  /** A parser of delimited lines. */
  lineParser<Encoding extends LineEncoding = 'utf8'>(options?: LineParserOptions<Encoding>): LineParser<Encoding> {
    return new LineParser(this, options)
  }

  /** A parser of netstrings. */
  netstringParser(options?: NetstringParserOptions): NetstringParser {
    return new NetstringParser(this, options)
  }

  /** A parser of strings behind a big-endian length of 1, 2 or 4 bytes. */
  lengthPrefixParser(options: LengthPrefixParserOptions): LengthPrefixParser {
    return new LengthPrefixParser(this, options)
  }

  /** A parser of HTTP/1.x requests or responses. */
  httpParser(options: HTTPParserOptions): HTTPParser {
    return new HTTPParser(this, options)
  }

  /** A parser of WebSocket frames: messages and control frames of one direction. */
  websocketParser(options: WebSocketParserOptions): WebSocketParser {
    return new WebSocketParser(this, options)
  }

  /** A generator of numbers that depend on the seed only; 1 and '1' are the same seed. */
  random(seed: number | string): SeededRandom {
    return new SeededRandom(this, seed)
  }

  /** A digest of bytes that come in pieces; not for anything that must be secure. */
  digest(): Digest {
    return new Digest(this)
  }

  memoryUsage(): MemoryUsage {
    const words = this.words()
    return {
      total: words.length * 4,
      used: words[HEADER_USED >> 2],
      parsers: words[HEADER_PARSERS >> 2],
      timers: words[HEADER_TIMERS >> 2],
    }
  }

  /**
   * Puts bytes [from, from + length) of a chunk where a parser reads them, unless they lie there already.
   *
   * @returns their address
   */
  stage(chunk: Uint8Array, from: number, length: number): number {
    if (this.#staged === chunk && from >= this.#stagedFrom && from + length <= this.#stagedTo) {
      return STAGE + from - this.#stagedFrom
    }
    if (this.stageUser !== null) this.stageUser.saveStage()
    const bytes = this.bytes()
    if (from === 0 && length === chunk.length) bytes.set(chunk, STAGE)
    else bytes.set(chunk.subarray(from, from + length), STAGE)
    this.#staged = chunk
    this.#stagedFrom = from
    this.#stagedTo = from + length
    return STAGE
  }

  /** Whether bytes [from, to) of a chunk lie on the stage. */
  isStaged(chunk: Uint8Array, from: number, to: number): boolean {
    return this.#staged === chunk && from >= this.#stagedFrom && to <= this.#stagedTo
  }

  /** Forgets what is staged: its owner may change those bytes from now on. */
  unstage(): void {
    this.#staged = null
  }

  /** The first bytes of the stage; good until the next call that may grow memory. */
  stageView(length: number): Uint8Array {
    const view = this.#stageView
    if (view.length === length && view.buffer === this.exports.memory.buffer) return view
    return (this.#stageView = this.bytes().subarray(STAGE, STAGE + length))
  }

  /** Puts a few bytes (64 KiB at most) on the stage for a call that takes an address. */
  lend(data: Uint8Array): number {
    if (data.length > STAGE_BYTES) throw new CoreError(`${data.length} bytes do not fit the stage.`)
    if (this.stageUser !== null) this.stageUser.saveStage()
    this.bytes().set(data, STAGE)
    this.#staged = null
    return STAGE
  }

  /** Has `free(handle)` called when the owner of that object of the core was collected without doing so. */
  adopt(owner: object, handle: number, free: (handle: number) => number): void {
    this.#orphans ??= new FinalizationRegistry((orphan) => orphan.free(orphan.handle))
    this.#orphans.register(owner, { handle, free }, owner)
  }

  /** The owner freed it itself. */
  disown(owner: object): void {
    this.#orphans?.unregister(owner)
  }
}

function zeros(length: number): Uint8Array {
  return new Uint8Array(length)
}

/** Makes an instance of the core, at once and without touching the host. */
export function createCore(options?: CoreOptions): Core {
  return new Core(options)
}
