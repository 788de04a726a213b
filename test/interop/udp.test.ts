/**
 * UDP with programs that are not ours: Twisted at either end, and socat, also as a member of a group.
 */
import { spawnSync } from 'node:child_process'
import { afterEach, expect, it } from 'vitest'
import { createReactor, DatagramProtocol } from 'whorl'
import type { IUDPTransport, UDPAddress } from 'whorl'
import { describeWith, Program, root, twistedPython } from './programs.js'
import type { Peer } from './programs.js'

const reactor = createReactor({ installSignalHandlers: false })
const LOOPBACK = { interface: '127.0.0.1', maxPacketSize: 65_536 }
/** From nothing to the most that loopback carries in one piece. */
const SIZES = [0, 1, 2, 64, 512, 1472, 1473, 8192, 8193, 65_507]
const ports: IUDPTransport[] = []

afterEach(async () => {
  for (const port of ports.splice(0)) await port.stopListening()
  await Program.killAll()
})

function socat(): Peer {
  const works = spawnSync('socat', ['-V']).error === undefined
  return { name: 'socat', package: 'socat', command: works ? 'socat' : null }
}

function open(protocol: DatagramProtocol): number {
  const port = reactor.listenUDP(0, protocol, LOOPBACK)
  ports.push(port)
  return port.getHost().port
}

class Echo extends DatagramProtocol {
  override datagramReceived(data: Uint8Array, address: UDPAddress): void {
    this.transport.write(data, address)
  }
}

function datagram(index: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (index * 31 + at * 7) % 256)
}

/** Sends each datagram when the one before has come back. */
class Client extends DatagramProtocol {
  readonly #port: number
  readonly #sizes: number[]
  #index = 0
  #done!: (problem: string | null) => void
  readonly done = new Promise<string | null>((resolve) => {
    this.#done = resolve
  })

  constructor(port: number, sizes: number[]) {
    super()
    this.#port = port
    this.#sizes = sizes
  }

  override startProtocol(): void {
    this.transport.connect('127.0.0.1', this.#port)
    this.#send()
  }

  override datagramReceived(data: Uint8Array): void {
    const sent = datagram(this.#index, this.#sizes[this.#index])
    if (data.length !== sent.length || !data.every((byte, at) => byte === sent[at])) this.#done(`datagram ${this.#index} differs`)
    this.#index += 1
    if (this.#index < this.#sizes.length) this.#send()
    else this.#done(null)
  }

  override connectionRefused(): void {
    this.#done('refused')
  }

  #send(): void {
    this.transport.write(datagram(this.#index, this.#sizes[this.#index]))
  }
}

describeWith(twistedPython(), 'Twisted over UDP', (python) => {
  const twisted = (...args: string[]): Program => new Program(python, ['-B', `${root}test/interop/peers/twisted_udp.py`, ...args])

  async function end(peer: Program): Promise<void> {
    peer.child.stdin.end()
    expect(await peer.ended).toEqual({ status: 0, signal: null })
    expect(peer.errorText).toBe('')
  }

  it('as client of our server', async () => {
    const peer = twisted('client', String(open(new Echo())), SIZES.join())
    const [line] = await peer.prints(/^\{.*\}$/m)
    expect(JSON.parse(line)).toEqual({ echoed: SIZES.length, problem: null })
    await end(peer)
  })

  it('as server of our client', async () => {
    const peer = twisted('server')
    const [line] = await peer.prints(/^\{.*\}$/m)
    const client = new Client((JSON.parse(line) as { port: number }).port, SIZES)
    open(client)
    expect(await client.done).toBeNull()
    await end(peer)
  })

  it('has gone: our client is refused', async () => {
    const server = twisted('server')
    const [line] = await server.prints(/^\{.*\}$/m)
    await end(server)
    const client = new Client((JSON.parse(line) as { port: number }).port, SIZES)
    open(client)
    expect(await client.done).toBe('refused')
  })
})

/** Keeps the datagrams, as text. */
class Kept extends DatagramProtocol {
  texts: string[] = []
  from: UDPAddress | null = null
  #wake: () => void = () => undefined

  async until(text: string): Promise<void> {
    while (!this.texts.includes(text)) await new Promise<void>((resolve) => { this.#wake = resolve })
  }

  override datagramReceived(data: Uint8Array, address: UDPAddress): void {
    this.texts.push(new TextDecoder().decode(data))
    this.from = address
    this.#wake()
  }
}

describeWith(socat(), 'socat', (command) => {
  const GROUP = '239.77.3.4'

  it('sends us datagrams, and gets ours', async () => {
    const kept = new Kept()
    const peer = new Program(command, ['-', `UDP4-DATAGRAM:127.0.0.1:${open(kept)},bind=127.0.0.1:0`])
    peer.type('from socat\n')
    await kept.until('from socat\n')
    kept.transport.write('to socat\n', kept.from!)
    await peer.prints(/^to socat$/m)
  })

  it('sends to a group that we joined, and hears a group that it joined', async () => {
    const kept = new Kept()
    const port = reactor.listenMulticast(0, kept, { interface: '0.0.0.0', listenMultiple: true })
    ports.push(port)
    const { port: number } = port.getHost()
    await port.joinGroup(GROUP, '127.0.0.1')
    port.setOutgoingInterface('127.0.0.1')
    const sender = new Program(command, ['-', `UDP4-DATAGRAM:${GROUP}:${number},ip-multicast-if=127.0.0.1`])
    sender.type('to the group\n')
    await kept.until('to the group\n')

    const member = new Program(command,
      ['-u', `UDP4-RECV:${number},reuseaddr,ip-add-membership=${GROUP}:127.0.0.1`, 'STDOUT'])
    // Until it has joined it hears nothing.
    const calling = reactor.loopingCall(() => port.write('anyone there?\n', { host: GROUP, port: number }))
    void calling.start(20)
    await member.prints(/^anyone there\?$/m)
    calling.stop()
    expect(kept.texts).toContain('anyone there?\n')
  })
})
