/**
 * Datagrams: whole, with their sender, both ways; connected ports; the end of a port.
 *
 * Source: twisted.internet.interfaces.IUDPTransport.
 */
import { CannotListenError, ConnectError, DatagramProtocol } from 'whorl'
import type { IUDPTransport, UDPAddress } from 'whorl'
import { equal, equalBytes, isA, ok, pass, pattern, throws, until } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'
import { logOf } from './recorder.js'

class Datagrams extends DatagramProtocol {
  readonly events: string[] = []
  readonly got: { data: Uint8Array, from: UDPAddress }[] = []

  override startProtocol(): void {
    this.events.push('start')
  }

  override datagramReceived(data: Uint8Array, from: UDPAddress): void {
    this.got.push({ data, from })
  }

  override connectionRefused(): void {
    this.events.push('refused')
  }

  override stopProtocol(): void {
    this.events.push('stop')
  }
}

/** A port on 127.0.0.1, which stops with the case. */
async function listen(context: CaseContext, options: { maxPacketSize?: number } = {}): Promise<Datagrams> {
  const protocol = new Datagrams()
  const port = context.reactor.listenUDP(0, protocol, { interface: '127.0.0.1', ...options })
  context.cleanup(() => port.stopListening())
  await port.ready
  return protocol
}

/** Sends until so many answers have come: a datagram may get lost, and with it nothing is wrong. */
async function ask(context: CaseContext, protocol: Datagrams, send: () => void, answers: number): Promise<void> {
  send()
  let again = context.reactor.callLater(500, function repeat() {
    send()
    again = context.reactor.callLater(500, repeat)
  })
  try {
    await until(context.reactor, () => protocol.got.length >= answers)
  } finally {
    if (again.active()) again.cancel()
  }
}

function lab(context: CaseContext): { host: string, port: number } {
  return { host: context.host.lab.host, port: context.host.lab.udpPort }
}

export const datagrams: ContractSuite = {
  name: 'datagrams',
  cases: [
    {
      name: 'a port has an address, and tells its protocol that it is bound',
      needs: ['udp'],
      async run(context) {
        const protocol = await listen(context)
        const { type, host, port } = protocol.transport.getHost()
        equal([type, host], ['UDP', '127.0.0.1'])
        ok(port > 0, 'a number')
        equal(protocol.events, ['start'])
      },
    },
    {
      name: 'exchanges datagrams with a socket that is not ours',
      needs: ['udp'],
      async run(context) {
        const protocol = await listen(context)
        await ask(context, protocol, () => protocol.transport.write('hello', lab(context)), 1)
        equal([...protocol.got[0]!.data], [104, 101, 108, 108, 111])
        equal(protocol.got[0]!.from, { type: 'UDP', family: 'IPv4', ...lab(context) })
      },
    },
    {
      name: 'a datagram of no byte, and of 1,400, comes whole',
      needs: ['udp'],
      async run(context) {
        for (const length of [0, 1, 1400]) {
          const protocol = await listen(context)
          await ask(context, protocol, () => protocol.transport.write(pattern(length), lab(context)), 1)
          equalBytes(protocol.got[0]!.data, pattern(length), `${length} bytes`)
        }
      },
    },
    {
      name: 'two ports of one reactor talk both ways',
      needs: ['udp'],
      async run(context) {
        const [one, other] = [await listen(context), await listen(context)]
        await ask(context, other, () => one.transport.write('there', other.transport.getHost()), 1)
        equal(other.got[0]!.from, one.transport.getHost())
        await ask(context, one, () => other.transport.write('back', other.got[0]!.from), 1)
        equal(one.got[0]!.from, other.transport.getHost())
      },
    },
    {
      name: 'what is received is the receiver\'s to keep',
      needs: ['udp'],
      async run(context) {
        const protocol = await listen(context)
        await ask(context, protocol, () => protocol.transport.write('first', lab(context)), 1)
        const { data } = protocol.got[0]!
        const before = protocol.got.length
        await ask(context, protocol, () => protocol.transport.write('SECOND', lab(context)), before + 1)
        equal([...data], [102, 105, 114, 115, 116])
      },
    },
    {
      name: 'a longer datagram than maxPacketSize is cut',
      needs: ['udp'],
      async run(context) {
        const protocol = await listen(context, { maxPacketSize: 5 })
        await ask(context, protocol, () => protocol.transport.write('1234567', lab(context)), 1)
        equal([...protocol.got[0]!.data], [49, 50, 51, 52, 53])
      },
    },
    {
      name: 'a connected port needs no address, and hears nobody else',
      needs: ['udp'],
      async run(context) {
        const [connected, stranger] = [await listen(context), await listen(context)]
        const { host, port } = lab(context)
        connected.transport.connect(host, port)
        throws(() => connected.transport.connect(host, port), ConnectError)
        await ask(context, connected, () => connected.transport.write('friend'), 1)
        stranger.transport.write('stranger', connected.transport.getHost())
        await pass(context.reactor, 50)
        for (const { data } of connected.got) equal(data.length, 6, 'length of what came')
      },
    },
    {
      name: 'an unconnected port needs an address of its family',
      needs: ['udp'],
      async run(context) {
        const { transport } = await listen(context)
        throws(() => transport.write('x'), TypeError, 'no address')
        throws(() => transport.write('x', { host: '::1', port: 9 }), TypeError, 'IPv6')
        throws(() => transport.write('x', { host: 'localhost', port: 9 }), TypeError, 'a name')
        throws(() => transport.connect('localhost', 9), TypeError, 'connect to a name')
        throws(() => transport.write(new Uint8Array(70_000), lab(context)), RangeError, '70,000 bytes')
      },
    },
    {
      name: 'a used port: CannotListenError',
      needs: ['udp'],
      async run(context) {
        const { port } = (await listen(context)).transport.getHost()
        let error: unknown
        try {
          await context.reactor.listenUDP(port, new Datagrams(), { interface: '127.0.0.1' }).ready
        } catch (caught) {
          error = caught
        }
        isA(error, CannotListenError)
      },
    },
    {
      name: 'stopListening: the protocol is told, later writes are dropped, again is undefined',
      needs: ['udp'],
      async run(context) {
        const protocol = await listen(context)
        const transport: IUDPTransport = protocol.transport
        await transport.stopListening()
        equal(protocol.events, ['start', 'stop'])
        equal(transport.stopListening(), undefined)
        transport.write('dropped', lab(context))
        await pass(context.reactor, 50)
        equal(protocol.got.length, 0)
      },
    },
    {
      name: 'a datagramReceived that throws is logged, and the port goes on',
      needs: ['udp'],
      async run(context) {
        const protocol = await listen(context)
        const log = logOf(context)
        const planted = new Error('planted')
        let thrown = 0
        protocol.datagramReceived = () => {
          thrown += 1
          throw planted
        }
        await ask(context, protocol, () => protocol.transport.write('x', lab(context)), 0)
        await until(context.reactor, () => thrown > 0)
        ok(log.some((event) => event.failure?.value === planted), 'it was logged')
        Reflect.deleteProperty(protocol, 'datagramReceived')
        await ask(context, protocol, () => protocol.transport.write('y', lab(context)), 1)
      },
    },
    {
      name: 'multicast: a group is joined, heard and left',
      needs: ['udp', 'multicast'],
      async run(context) {
        const protocol = new Datagrams()
        const port = context.reactor.listenMulticast(0, protocol, { listenMultiple: true })
        context.cleanup(() => port.stopListening())
        await port.ready
        const group = '239.87.72.1'
        await port.joinGroup(group, '127.0.0.1')
        port.setOutgoingInterface('127.0.0.1')
        port.setLoopbackMode(true)
        equal([port.getTTL(), port.getLoopbackMode()], [1, true])
        await ask(context, protocol, () => port.write('to all', { host: group, port: port.getHost().port }), 1)
        equal(protocol.got[0]!.data.length, 6)
        await port.leaveGroup(group, '127.0.0.1')
      },
    },
  ],
}
