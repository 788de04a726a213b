/** startTLS: the order of things, with a host whose TLS the test plays. */
import { describe, expect, it } from 'vitest'
import { createCore } from '../../../src/core/index.js'
import type { Core } from '../../../src/core/index.js'
import { NotSupportedError, PlaintextAfterStartTLS, TLSHandshakeError } from '../../../src/errors/index.js'
import type { StreamChannel, TLSHost, TLSSession } from '../../../src/interfaces/index.js'
import { Reactor } from '../../../src/reactor/index.js'
import { StreamTransport } from '../../../src/transports/index.js'
import { FakeHost } from '../reactor/fake-host.js'
import { bytes, FakeChannel, Recorder } from './fake-channel.js'

let core: Core | undefined

const SERVER = { identity: { cert: 'cert', key: 'key' } }

const SESSION: TLSSession = {
  version: 'TLSv1.3', cipher: 'x', protocol: 'h2', serverName: null, resumed: false, peerCertificate: null,
}

class SecureFake extends FakeChannel {
  session: TLSSession | null = null
  finishHandshake(): void {
    this.session = SESSION
    this.sink!.secured!(SESSION)
  }
}

class Listening extends Recorder {
  handshakeCompleted(): void {
    this.events.push(`secured ${this.transport.negotiatedProtocol}`)
  }
}

function rig(protocol: Recorder = new Listening(), withTLS = true, channel = new FakeChannel()) {
  const secure = new SecureFake()
  const asked: unknown[] = []
  const tls: TLSHost = {
    server: () => ({ update: () => undefined }),
    accept: (below: StreamChannel) => {
      asked.push('accept', below)
      return secure
    },
    connect: (below: StreamChannel, _options, name, key) => {
      asked.push('connect', below, name, key)
      return secure
    },
  }
  const host = new FakeHost()
  const reactor = new Reactor({ core: () => core ??= createCore(), host, tls: withTLS ? tls : undefined })
  const transport = new StreamTransport(reactor, channel, null)
  transport.start(protocol)
  return { host, channel, secure, asked, transport, protocol }
}

describe('startTLS', () => {
  it('what was written before goes out in plain text, what comes after waits for the handshake', () => {
    const { host, channel, secure, asked, transport, protocol } = rig()
    channel.take()
    transport.write('220 go ahead')
    transport.startTLS(SERVER)
    transport.write('hello')
    expect(channel.take()).toEqual(['pause', 'send 220 go ahead'])
    host.settle()
    expect(asked).toEqual(['accept', channel])
    expect(secure.take()).toEqual(['open'])
    expect([transport.tlsBegun, transport.tlsSession, transport.negotiatedProtocol]).toEqual([true, null, null])
    secure.finishHandshake()
    expect(secure.take()).toEqual(['send hello'])
    expect(protocol.events).toEqual(['secured h2'])
    secure.sink!.received(bytes('x'))
    expect(protocol.events).toEqual(['secured h2', 'data x'])
    expect(transport.tlsSession).toBe(SESSION)
    expect(channel.take()).toEqual([])
  })

  it('waits until the host has taken all of it', () => {
    const { host, channel, secure, asked, transport } = rig()
    channel.takes = false
    transport.write('one')
    host.settle()
    transport.write('two')
    transport.startTLS(SERVER)
    transport.write('secret')
    host.settle()
    expect(asked).toEqual([])
    channel.take()
    channel.sink!.sent()
    expect(channel.take()).toEqual(['send two'])
    host.settle()
    expect(asked).toEqual([])
    channel.sink!.sent()
    host.settle()
    expect(asked[0]).toBe('accept')
    expect(transport.writableLength).toBe(6)
    secure.finishHandshake()
    expect(secure.take()).toEqual(['open', 'send secret'])
    expect([transport.writableLength, transport.bytesOut]).toEqual([0, 12])
    expect(channel.take()).toEqual([])
  })

  it('inside connectionMade, before the channel is open', () => {
    const { host, channel, secure } = rig(new (class extends Listening {
      override connectionMade(): void {
        this.transport.write('hello')
        this.transport.startTLS(SERVER)
      }
    })())
    host.settle()
    expect(channel.take()).toEqual(['open', 'pause', 'send hello'])
    expect(secure.take()).toEqual(['open'])
  })

  it('as client it verifies the name that was connected to, or the one that is given', () => {
    for (const [serverName, name] of [[undefined, 'example.com'], ['other.example', 'other.example']]) {
      const channel = new FakeChannel()
      channel.peer = { family: 'hostname', type: 'TCP', host: 'example.com', port: 25 }
      const { host, asked, transport } = rig(new Listening(), true, channel)
      transport.startTLS(serverName === undefined ? {} : { serverName })
      host.settle()
      expect(asked).toEqual(['connect', channel, name, `${name}:25`])
    }
    expect(() => rig().transport.startTLS({})).toThrow('serverName')
  })

  it('N21 bytes in plain text that came too early are discarded with the connection', () => {
    const { host, channel, transport, protocol } = rig()
    transport.pauseProducing()
    channel.sink!.received(bytes('EHLO injected'))
    transport.startTLS(SERVER)
    host.settle()
    expect(protocol.events).toEqual(['lost PlaintextAfterStartTLS'])
    expect(protocol.reasons[0].value).toBeInstanceOf(PlaintextAfterStartTLS)
    expect(channel.take()).toContain('reset')
  })

  it('N21 the same when a host that cannot stop at once hands them out afterwards', () => {
    const { host, channel, asked, transport, protocol } = rig()
    transport.startTLS(SERVER)
    channel.sink!.received(bytes('EHLO injected'))
    host.settle()
    expect(protocol.events).toEqual(['lost PlaintextAfterStartTLS'])
    expect(asked).toEqual([])
  })

  it('a handshake that fails is the reason of the end, as it is', () => {
    const { host, secure, transport, protocol } = rig()
    transport.startTLS(SERVER)
    host.settle()
    const error = new TLSHandshakeError()
    secure.sink!.closed(error)
    expect(protocol.reasons.map((reason) => reason.value)).toEqual([error])
  })

  it('a pause holds back what comes after the handshake, not the handshake', () => {
    const { host, channel, secure, transport, protocol } = rig()
    channel.take()
    transport.startTLS(SERVER)
    transport.pauseProducing()
    host.settle()
    expect(channel.take()).toEqual(['pause'])
    expect(secure.take()).toEqual(['open'])
    secure.finishHandshake()
    expect(secure.take()).toEqual(['pause'])
    transport.resumeProducing()
    expect(secure.take()).toEqual(['resume'])
    expect(protocol.events).toEqual(['secured h2'])
  })

  it('loseConnection during the handshake: at once when nothing waits, else after what was written', () => {
    const idle = rig()
    idle.transport.startTLS(SERVER)
    idle.host.settle()
    idle.transport.loseConnection()
    idle.host.settle()
    expect(idle.secure.take()).toEqual(['open', 'close'])
    const { host, secure, transport } = rig()
    transport.startTLS(SERVER)
    host.settle()
    transport.write('bye')
    transport.loseConnection()
    host.settle()
    expect(secure.take()).toEqual(['open'])
    secure.finishHandshake()
    expect(secure.take()).toEqual(['send bye', 'close'])
  })

  it('abortConnection before the output is out: nothing is handed to TLS', () => {
    const { host, channel, asked, transport, protocol } = rig()
    channel.takes = false
    transport.write('x')
    transport.startTLS(SERVER)
    transport.abortConnection()
    host.settle()
    expect(asked).toEqual([])
    expect(protocol.events).toEqual(['lost ConnectionAborted'])
  })

  it('a connection that had TLS from the start says so, after connectionMade', () => {
    const secure = new SecureFake()
    secure.session = SESSION
    const { transport, protocol } = rig(new Listening(), true, secure)
    expect(protocol.events).toEqual(['secured h2'])
    expect(transport.tlsBegun).toBe(true)
    // TLS inside of TLS: what was agreed on first no longer describes what is said.
    transport.startTLS(SERVER)
    expect(transport.tlsSession).toBe(null)
  })

  it('is refused twice, for options that are none, and where nothing does TLS', () => {
    const { transport } = rig()
    expect(() => transport.startTLS(null as never)).toThrow(TypeError)
    transport.startTLS(SERVER)
    expect(() => transport.startTLS(SERVER)).toThrow('TLS has begun')
    expect(() => rig(new Listening(), false).transport.startTLS(SERVER)).toThrow(NotSupportedError)
  })
})
