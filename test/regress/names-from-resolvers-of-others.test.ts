/**
 * What a resolver of the program's own may answer. Text that was no literal address went to the host, which looked it
 * up itself; answers that were no list were TypeErrors of our own; a resolver that threw or gave a Promise broke
 * `sendto`. And a factory whose start failed left a connection by name waiting for its time-out.
 */
import { describe, expect, it } from 'vitest'
import { fail, succeed } from '../../src/defer/index.js'
import type { Failure } from '../../src/defer/index.js'
import { HostnameEndpoint, TCP6ClientEndpoint } from '../../src/endpoints/index.js'
import { DNSLookupError } from '../../src/errors/index.js'
import type { IHostnameResolver } from '../../src/interfaces/index.js'
import { Factory, Protocol } from '../../src/protocols/index.js'
import { DatagramSocket } from '../../src/socket/index.js'
import { MemoryReactor } from '../../src/testing/index.js'
import { hostAddresses } from '../../src/transports/index.js'

const at = (host: unknown): unknown => ({ family: 'IPv4', type: 'TCP', host, port: 0 })
const resolver = (resolve: () => unknown): IHostnameResolver => ({ resolve }) as unknown as IHostnameResolver
const reactorWith = (nameResolver: IHostnameResolver): MemoryReactor =>
  Object.assign(new MemoryReactor(), { nameResolver })

const GARBAGE: Readonly<Record<string, () => unknown>> = {
  'nothing': () => undefined,
  'null': () => succeed(null),
  'text': () => succeed('10.0.0.1'),
  'a list of texts': () => succeed(['10.0.0.1']),
  'holes': () => succeed([null, undefined]),
  'other objects': () => succeed([{}, { path: '/run/x' }]),
  'a number': () => succeed([at(5)]),
  'another name': () => succeed([at('other.example')]),
  'the same name': () => succeed([at('x.example')]),
  'a name with NUL': () => succeed([at('a\0')]),
  'an empty list': () => succeed([]),
  'an error of its own': () => fail(new Error('mine')),
  'text as an error': () => fail('mine'),
  'a throw': () => {
    throw new Error('mine')
  },
}

describe('answers of a resolver', () => {
  for (const [what, resolve] of Object.entries(GARBAGE)) {
    it(`${what}: DNSLookupError, and nothing is tried`, async () => {
      const reactor = reactorWith(resolver(resolve))
      const errors: unknown[] = []
      const keep = (reason: Failure): void => void errors.push(reason.value)
      new HostnameEndpoint(reactor, 'x.example', 80).connect(new Factory()).addErrback(keep)
      new TCP6ClientEndpoint(reactor, 'x.example', 80).connect(new Factory()).addErrback(keep)
      const socket = new DatagramSocket(reactor)
      socket.sendto('x', { host: 'x.example', port: 9 }).addErrback(keep)
      await socket.close()
      expect(errors).toHaveLength(3)
      for (const error of errors) expect(error).toBeInstanceOf(DNSLookupError)
      expect(reactor.tcpClients).toEqual([])
      expect(reactor.getDelayedCalls()).toEqual([])
    })
  }

  it('literal addresses among them are used, each once, a Promise is waited for', async () => {
    const answer = [at('nonsense'), at('10.0.0.1'), null, at('fd00::1'), at('10.0.0.1'), at('fd00::2')]
    const hosts = await hostAddresses(resolver(() => Promise.resolve(answer)), 'x.example')
    expect(hosts).toEqual(['10.0.0.1', 'fd00::1', 'fd00::2'])
    expect(await hostAddresses(resolver(() => succeed(answer)), 'x.example', 6)).toEqual(['fd00::1', 'fd00::2'])
  })
})

describe('HostnameEndpoint', () => {
  it('a port that is none is refused before anybody is asked, a host that is no text at once', async () => {
    let asked = 0
    const reactor = reactorWith(resolver(() => {
      asked += 1
      return succeed([])
    }))
    for (const port of [NaN, -1, 65536, '80' as unknown as number]) {
      await expect(new HostnameEndpoint(reactor, 'x.example', port).connect(new Factory())).rejects.toThrow(RangeError)
    }
    expect(asked).toBe(0)
    for (const host of [null, 5, {}]) {
      expect(() => new HostnameEndpoint(reactor, host as string, 80)).toThrow(TypeError)
    }
  })

  it('cancelled, it fires also when stopFactory throws', () => {
    const reactor = reactorWith(resolver(() => succeed([at('10.0.0.1')])))
    class Failing extends Factory {
      override protocol = Protocol
      override stopFactory(): void {
        throw new Error('stop')
      }
    }
    const connected = new HostnameEndpoint(reactor, 'x.example', 80).connect(new Failing())
    const codes: unknown[] = []
    connected.addErrback((reason: Failure) => void codes.push((reason.value as { code?: string }).code))
    try {
      connected.cancel()
    } catch (error) {
      expect((error as Error).message).toBe('stop')
    }
    expect(codes).toHaveLength(1)
    expect(reactor.getDelayedCalls()).toEqual([])
  })
})
