/**
 * The scenarios of test/sim as capture files: tshark finds nothing wrong with them under any seed, and puts together
 * exactly what protocols were handed. More seeds: WHORL_TRACE_SEEDS.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { runRecipe } from '../../src/testing/simulate/run.js'
import { Simulation } from '../../src/testing/simulation/simulation.js'
import { StreamEnd } from '../../src/testing/simulation/network/stream-end.js'
import { traceToPcapng, TraceReader } from '../../src/testing/trace/index.js'
import { describeWith, Program, root, tshark } from './programs.js'

const SEEDS = Number(process.env['WHORL_TRACE_SEEDS'] ?? 1)
const folder = mkdtempSync(join(tmpdir(), 'whorl-scenarios-'))
const names = readdirSync(`${root}test/sim/scenarios`).map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => name !== 'parts' && name !== 'contract')

/** What is asked for of each packet; payloads are looked at by nobody who might take them for something else. */
const FIELDS = [
  'tcp.stream', 'tcp.srcport', 'tcp.seq', 'tcp.payload', 'frame.comment', 'udp.payload', 'frame.number',
  '_ws.malformed', '_ws.expert.severity', 'tcp.analysis.lost_segment', 'tcp.analysis.ack_lost_segment',
  'tcp.analysis.spurious_retransmission', 'tcp.analysis.window_full', 'tcp.analysis.zero_window',
  'ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status',
]
/** Of these, where those begin that say of a packet that something is wrong. */
const WRONG = FIELDS.indexOf('_ws.malformed')
const SEVERE = '8388608'
const ARGUMENTS = [
  '-n', '-d', 'tcp.port==1-65535,data', '-d', 'udp.port==1-65535,data', '-o', 'ip.check_checksum:TRUE',
  '-o', 'tcp.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-o', 'tcp.analyze_sequence_numbers:TRUE',
  '-T', 'fields', '-E', 'separator=|', ...FIELDS.flatMap((name) => ['-e', name]),
]

type Stream = [number, Uint8Array][]

/** What was handed to protocols, by connection and direction; and how much had come to their hosts. */
const handed = new Map<string, Uint8Array[]>()
const arrived = new Map<string, number>()
const { open, die } = StreamEnd.prototype

beforeAll(() => {
  StreamEnd.prototype.open = function (sink) {
    const pieces: Uint8Array[] = []
    handed.set(keyOf(this), pieces)
    let lent: Uint8Array | null = null
    open.call(this, new Proxy(sink, {
      get(target, name: keyof typeof sink) {
        if (name === 'received') {
          return (chunk: Uint8Array) => {
            pieces.push(chunk.slice())
            target.received(chunk)
          }
        }
        if (name === 'borrow') return (size: number) => (lent = target.borrow(size))
        if (name === 'filled') {
          return (length: number) => {
            pieces.push(lent!.slice(0, length))
            target.filled(length)
          }
        }
        const value = target[name]
        return typeof value === 'function' ? value.bind(target) : value
      },
    }))
  }
  StreamEnd.prototype.die = function (why) {
    arrived.set(keyOf(this), this.received)
    die.call(this, why)
  }
})
afterEach(() => Program.killAll())
afterAll(() => {
  Object.assign(StreamEnd.prototype, { open, die })
  rmSync(folder, { recursive: true })
})

function keyOf({ id, side }: StreamEnd): string {
  return `${id} ${side === 0 ? 1 : 0}`
}

/** Pieces by their place in the stream, which begins at 1; some are there twice. */
function together(pieces: Stream): Buffer {
  const parts: Uint8Array[] = []
  let end = 1
  for (const [at, bytes] of pieces.sort(([a], [b]) => a - b)) {
    if (at > end) throw new Error(`There are no bytes between ${end} and ${at}.`)
    if (at + bytes.length <= end) continue
    parts.push(bytes.subarray(end - at))
    end = at + bytes.length
  }
  return Buffer.concat(parts)
}

describeWith(tshark(), 'scenarios in tshark', (command) => {
  async function packets(path: string): Promise<string[][]> {
    const program = new Program(command, ['-r', path, ...ARGUMENTS])
    expect(await program.ended, program.errorText).toMatchObject({ status: 0 })
    expect(program.errorText.replace(/^Running as user "root".*\n/m, '')).toBe('')
    return program.text.split('\n').slice(0, -1).map((line) => line.split('|'))
  }

  it.each(names)('%s: no packet is wrong, and all streams are what protocols were handed', async (name) => {
    const { scenario, options } = await import(`../sim/scenarios/${name}.ts`)
    for (let seed = 0; seed < SEEDS; seed++) {
      handed.clear()
      arrived.clear()
      const { trace } = await runRecipe(scenario, { seed }, options, 'full', (all) => new Simulation(all))
      const reader = new TraceReader(trace)
      const path = join(folder, `${name}.pcapng`)
      writeFileSync(path, traceToPcapng(reader))
      const seen = await packets(path)
      const wrong = seen.filter((packet) => packet.slice(WRONG).some((value, i) => {
        const field = FIELDS[WRONG + i]!
        return field.endsWith('status') ? value === '0' : field.endsWith('severity') ? value.includes(SEVERE) : value !== ''
      }))
      expect(wrong.map((packet) => packet.slice(WRONG - 1).join(' ')), `seed ${seed}`).toEqual([])

      const lost = (comment: string | undefined): boolean => comment!.startsWith('lost')
      const connections = [...reader].flatMap((one) => one.kind === 'connect' ? [one.connection] : [])
      const streams = connections.map(({ transport, fromPort, id }) => {
        return { port: transport === 'unix' ? 1_024 + id : fromPort, pieces: [[], []] as [Stream, Stream] }
      })
      for (const [stream, port, seq, payload, comment] of seen) {
        if (payload === '' || lost(comment)) continue
        const { port: first, pieces } = streams[Number(stream)]!
        pieces[Number(port) === first ? 0 : 1].push([Number(seq), Buffer.from(payload!, 'hex')])
      }
      let bytes = 0
      for (const [i, { id }] of connections.entries()) {
        for (const direction of [0, 1] as const) {
          const shown = together(streams[i]!.pieces[direction])
          const got = Buffer.concat(handed.get(`${id} ${direction}`) ?? [])
          // What has come to a host whose program no longer reads is shown, too, if an end followed it.
          expect(shown.subarray(0, got.length).equals(got), `seed ${seed}, #${id} ${direction}`).toBe(true)
          if (shown.length > got.length) expect(shown.length).toBe(arrived.get(`${id} ${direction}`))
          bytes += got.length
        }
      }
      const datagrams = [...reader].filter((one) => one.kind === 'datagram-delivered')
        .map(({ datagram }) => Buffer.from(datagram.data).toString('hex'))
      const udp = FIELDS.indexOf('udp.payload')
      const shown = seen.filter((packet) => packet[0] === '' && !lost(packet[4])).map((packet) => packet[udp])
      expect(shown).toEqual(datagrams)
      expect(bytes + datagrams.length).toBeGreaterThan(500)
    }
  }, 60_000 + SEEDS * 20_000)
})
