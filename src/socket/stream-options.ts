/**
 * Options of stream sockets: those for which transports have something.
 *
 * Owns: their names, types, and what each does to a transport. Source: POSIX.1-2017, setsockopt(2).
 */
import { NotSupportedError } from '../errors/index.js'
import type { ITCPTransport } from '../interfaces/index.js'

/** Options that a stream socket has, and what their values are. */
export interface StreamSocketOptions {
  /** Small writes are not held back; as the host does it if never set. */
  TCP_NODELAY: boolean
  /** The host asks a silent peer now and then whether it is still there. */
  SO_KEEPALIVE: boolean
  /** `send` waits while more bytes than this have not left; 65,536 if never set. */
  SO_SNDBUF: number
  /** Several programs may listen on the port, where the host can do that. Before `listen`. */
  SO_REUSEPORT: boolean
  /** Taken, and of no effect: hosts bind ports that no one listens on any more. */
  SO_REUSEADDR: boolean
}

interface Option {
  readonly type: 'boolean' | 'number'
  readonly method?: 'setTcpNoDelay' | 'setTcpKeepAlive' | 'setWriteLimits'
}

const OPTIONS: Readonly<Record<keyof StreamSocketOptions, Option>> = {
  TCP_NODELAY: { type: 'boolean', method: 'setTcpNoDelay' },
  SO_KEEPALIVE: { type: 'boolean', method: 'setTcpKeepAlive' },
  SO_SNDBUF: { type: 'number', method: 'setWriteLimits' },
  SO_REUSEPORT: { type: 'boolean' },
  SO_REUSEADDR: { type: 'boolean' },
}

/** @throws TypeError for what is no option, or no value of it */
export function checkStreamOption(option: string, value: unknown): void {
  if (!Object.prototype.hasOwnProperty.call(OPTIONS, option)) {
    throw new TypeError(`a stream socket has no option ${String(option)}`)
  }
  const { type } = OPTIONS[option as keyof StreamSocketOptions]
  if (typeof value !== type) throw new TypeError(`${option} is a ${type}`)
}

/** @throws RangeError for a number that no transport takes: found out now, not when a connection comes */
export function checkStreamValue(option: string, value: unknown): void {
  if (typeof value === 'number' && !(value >= 0)) throw new RangeError(`${option} is a number of bytes, not ${value}`)
}

/** @throws NotSupportedError when the transport has nothing of the kind; RangeError */
export function applyStreamOption(
  transport: ITCPTransport, option: keyof StreamSocketOptions, value: boolean | number): void {
  const { method } = OPTIONS[option]
  if (method === undefined) return
  if (typeof transport[method] !== 'function') throw new NotSupportedError('this transport', option)
  if (method === 'setWriteLimits') transport.setWriteLimits({ high: value as number })
  else transport[method](value as boolean)
}
