/**
 * `whorl relay`: lets pages, and whoever else has only WebSockets, reach TCP hosts that are on a list.
 *
 * Owns: what is printed, and where tokens come from. Must not know: tunnels; src/tunnel does.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseDuration } from '../../../src/endpoints/grammar.js'
import { serverFromString } from '../../../src/endpoints/index.js'
import { serve, Site } from '../../../src/http/index.js'
import { TunnelRelay } from '../../../src/tunnel/index.js'
import type { TunnelInfo, TunnelRelayOptions } from '../../../src/tunnel/index.js'
import { reactor } from '../index.js'
import type { Command } from './command.js'
import { describe, OK, readArguments, say, spell, UsageError } from './command.js'

const USAGE = `Connects clients that have only WebSockets to TCP hosts.

  whorl relay [--listen ENDPOINT] [--path PATH] --allow PATTERN… [--token-file FILE] [--origin ORIGIN…]
              [--per-client N] [--total N] [--rate BYTES] [--connect TIME] [--idle TIME] [--drain TIME] [--verbose]

  --listen ENDPOINT  where; tcp:8081:interface=127.0.0.1 if not given, which is this machine only
  --path PATH        of the WebSocket; /tunnel if not given
  --allow PATTERN    what may be reached, once or more: irc.example.com:6667, *.example.com:80,443, 10.0.0.0/8:5432,
                     [fd00::]/8:*, *:443; with ! in front, what may not. Names that lead to private addresses need a
                     pattern for the address as well. Nothing else is reached.
  --token-file FILE  tokens that clients may say, one a line; without it everybody may
  --origin ORIGIN    whose pages may, once or more, as https://chat.example.com; without it those of anybody
  --per-client N     tunnels of one client at once; 64 if not given
  --total N          tunnels of all; 1024
  --rate BYTES       bytes a second of one client; no limit if not given
  --connect TIME     for a connection to be made; 30s
  --idle TIME        without a byte; 5m
  --drain TIME       how long tunnels may take to end after Ctrl-C; 5s. A second Ctrl-C ends them.
  --verbose          a line for each tunnel

Pages use it with createReactor({ relay: { url, token } }), or tunnel: endpoints.
`

/** A relay that tells people what it does. */
class TellingRelay extends TunnelRelay {
  override tunnelOpened(info: TunnelInfo): void {
    say(`${spell(info.peer)} to ${info.host}:${info.port}`)
  }

  override tunnelRefused(info: TunnelInfo, reason: Error): void {
    say(`${spell(info.peer)} to ${info.host === '' ? 'nowhere' : `${printable(info.host)}:${info.port}`} refused: ${
      describe(reason)}`)
  }

  override tunnelEnded(info: TunnelInfo, reason: Error): void {
    say(`${spell(info.peer)} to ${info.host}:${info.port} ended, ${info.sent} bytes sent, ${info.received} received: ${
      describe(reason)}`)
  }
}

export const relay: Command = {
  summary: 'let pages reach TCP hosts that are on a list',
  usage: USAGE,
  async run(args) {
    const { values } = readArguments(args, [], {
      listen: { type: 'string', default: 'tcp:8081:interface=127.0.0.1' },
      path: { type: 'string', default: '/tunnel' },
      allow: { type: 'string', multiple: true },
      'token-file': { type: 'string' },
      origin: { type: 'string', multiple: true },
      'per-client': { type: 'string' },
      total: { type: 'string' },
      rate: { type: 'string' },
      connect: { type: 'string' },
      idle: { type: 'string' },
      drain: { type: 'string', default: '5s' },
      verbose: { type: 'boolean', default: false },
    })
    const list = (name: string): string[] | undefined => values[name] as unknown as string[] | undefined
    const allow = list('allow')
    if (allow === undefined) throw new UsageError('--allow is missing: what may be reached?')
    const path = String(values['path'])
    if (!path.startsWith('/')) throw new UsageError(`--path begins with a slash, not "${path}"`)
    const drain = duration('drain', values['drain'])!
    const tokens = values['token-file'] === undefined ? null : readTokens(String(values['token-file']))
    const origins = list('origin')
    const options: TunnelRelayOptions = {
      allow,
      ...origins === undefined ? {} : { origins },
      ...tokens === null ? {} : { authenticate: (token: string) => isKnown(tokens, token) },
      limits: defined({
        perClient: count('per-client', values['per-client']), total: count('total', values['total']),
        bytesPerSecond: count('rate', values['rate']),
      }),
      timeouts: defined({ connect: duration('connect', values['connect']), idle: duration('idle', values['idle']) }),
    }
    const made = makeRelay(values['verbose'] === true ? TellingRelay : TunnelRelay, options)
    const listen = String(values['listen'])
    const site = new Site(() => ({ status: 404, body: 'This is a relay for tunnels.\n' }), { reactor })
    site.upgrade(path, made)
    const port = await serve(reactor, serverFromString(reactor, listen), site)
    const scheme = /^(?:tls|ssl)\d?:/.test(listen) ? 'wss' : 'ws'
    const who = tokens === null ? 'whoever reaches it may use it' : `${tokens.length} tokens may use it`
    // Before it runs, nobody takes a Ctrl-C.
    reactor.callWhenRunning(say, `relaying at ${scheme}://${spell(port.getHost())}${path}, ${who}; Ctrl-C ends it`)
    reactor.addSystemEventTrigger('before', 'shutdown', () => port.drain(drain))
    await reactor.run()
    return OK
  },
}

/** What makes no sense in it comes from the command line. */
function makeRelay(Kind: typeof TunnelRelay, options: TunnelRelayOptions): TunnelRelay {
  try {
    return new Kind(options)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}

/** Kept as digests: comparing them takes as long whatever they are. */
function readTokens(file: string): Buffer[] {
  const lines = readFileSync(file, 'utf8').split(/\r?\n/).map((line) => line.trim())
  const tokens = lines.filter((line) => line !== '' && !line.startsWith('#'))
  if (tokens.length === 0) throw new UsageError(`there is no token in ${file}`)
  return tokens.map(digest)
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function isKnown(tokens: readonly Buffer[], token: string): boolean {
  const asked = digest(token)
  let found = false
  for (const one of tokens) if (timingSafeEqual(one, asked)) found = true
  return found
}

function duration(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  const ms = parseDuration(String(value))
  if (ms === null || ms <= 0) throw new UsageError(`--${name} takes a duration such as 5s, not "${String(value)}"`)
  return ms
}

function count(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new UsageError(`--${name} takes a whole number above zero, not "${String(value)}"`)
  }
  return number
}

/** Without those that were not given. */
function defined<T extends object>(all: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as
    { [K in keyof T]?: NonNullable<T[K]> }
}

/** A name that a client has sent may hold anything. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}
