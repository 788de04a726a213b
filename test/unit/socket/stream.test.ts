import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/defer/index.js'
import { CancelledError, ConnectionAborted, ConnectionLost } from '../../../src/errors/index.js'
import {
  IncompleteReadError, ReadLimitError, SocketClosed, SocketConnection, SocketStateError, StreamSocket,
} from '../../../src/socket/index.js'
import { StringTransport } from '../../../src/testing/index.js'
import { bytes, cuts, outcome, pair, text } from './support.js'

/** A connection whose transport is the test's. */
function alone(): { socket: StreamSocket, connection: SocketConnection, transport: StringTransport } {
  const connection = new SocketConnection()
  const transport = new StringTransport()
  connection.makeConnection(transport)
  return { socket: StreamSocket.around(connection), connection, transport }
}

describe('stream sockets: receiving', () => {
  it('recv gives what is there, up to its measure, and an empty array at the end, again and again', () => {
    const { server, client, pump } = pair()
    client.send('hello')
    const first = outcome(server.recv(2))
    pump.flush()
    expect(first()).toBe('he')
    expect(outcome(server.recv())()).toBe('llo')
    const waiting = outcome(server.recv())
    pump.flush()
    expect(waiting()).toBe('waiting')
    client.shutdown()
    pump.flush()
    expect([waiting(), outcome(server.recv())(), outcome(server.recv())()]).toEqual(['', '', ''])
  })

  it('reads of every kind, in the order of the calls, however the bytes are cut', () => {
    for (const parts of cuts(bytes('GET x\r\nkey: v\n\n4wordrest of it'))) {
      const { socket, connection } = alone()
      const results = [
        socket.readLine(), socket.readUntil('\n\n'), socket.readExactly(1), socket.readExactly(4),
        socket.readExactly(0), socket.readUntil(bytes(' of')), socket.readLine(),
      ].map(outcome)
      for (const part of parts) connection.dataReceived(part)
      expect(results.map((result) => result()))
        .toEqual(['GET x', 'key: v', '4', 'word', '', 'rest', 'waiting'])
      connection.readConnectionLost()
      expect(results[6]()).toMatchObject({ code: 'ERR_SOCKET_INCOMPLETE_READ', expected: null })
      expect(text((results[6]() as IncompleteReadError).partial)).toBe(' it')
      socket.abort()
    }
  })

  it('readLine takes LF and CR LF, decodes, and gives null at a clean end', () => {
    const { socket, connection } = alone()
    connection.dataReceived(Uint8Array.from([0x61, 0x0d, 0x0d, 0x0a, 0x0a, 0xff, 0x0a, 0xe9, 0x0a]))
    const lines = [socket.readLine(), socket.readLine(), socket.readLine(), socket.readLine({ encoding: 'latin1' }),
      socket.readLine()].map(outcome)
    connection.readConnectionLost()
    expect(lines.map((line) => line())).toEqual(['a\r', '', '\ufffd', 'é', null])
  })

  it('a stream that ends too early: IncompleteReadError keeps the bytes', () => {
    const { socket, connection } = alone()
    const exact = outcome(socket.readExactly(5))
    const after = outcome(socket.recv())
    connection.dataReceived(bytes('abc'))
    connection.readConnectionLost()
    const error = exact() as IncompleteReadError
    expect(error).toBeInstanceOf(IncompleteReadError)
    expect([text(error.partial), error.expected, error.message])
      .toEqual(['abc', 5, 'The stream ended after 3 bytes, before 5 bytes.'])
    expect(after()).toBe('')
    expect((outcome(socket.readUntil(';'))() as IncompleteReadError).partial.length).toBe(0)
    expect(outcome(socket.readExactly(0))()).toBe('')
  })

  it('no delimiter within the limit: ReadLimitError, and the bytes can be read otherwise', () => {
    const { socket, connection } = alone()
    const limited = outcome(socket.readUntil(';', { max: 3 }))
    connection.dataReceived(bytes('abcd;'))
    expect(limited()).toBeInstanceOf(ReadLimitError)
    expect((limited() as ReadLimitError).limit).toBe(3)
    expect(outcome(socket.recv())()).toBe('abcd;')
  })

  it('reads from inside the callback of a read are served after those that wait', () => {
    const { socket, connection } = alone()
    const order: string[] = []
    socket.recv(1).addCallback((data: Uint8Array) => {
      order.push(text(data))
      socket.recv(1).addCallback((third: Uint8Array) => order.push(text(third)))
    })
    socket.recv(1).addCallback((data: Uint8Array) => order.push(text(data)))
    connection.dataReceived(bytes('abc'))
    expect(order).toEqual(['a', 'b', 'c'])
  })

  it('iterates over chunks, and over lines', async () => {
    const { socket, connection } = alone()
    const chunks: string[] = []
    const lines = alone()
    const done = Promise.all([
      (async () => {
        for await (const chunk of socket) chunks.push(text(chunk))
      })(),
      (async () => {
        for await (const line of lines.socket.lines()) chunks.push(line)
      })(),
    ])
    connection.dataReceived(bytes('one'))
    lines.connection.dataReceived(bytes('x\ny\n'))
    await Promise.resolve()
    connection.readConnectionLost()
    lines.connection.readConnectionLost()
    await done
    expect(chunks.sort()).toEqual(['one', 'x', 'y'])
  })
})

describe('stream sockets: backpressure', () => {
  it('the transport reads only while a read waits', () => {
    const { socket, connection, transport } = alone()
    expect(transport.producerState).toBe('paused')
    const read = outcome(socket.readExactly(4))
    expect(transport.producerState).toBe('producing')
    connection.dataReceived(bytes('ab'))
    expect(transport.producerState).toBe('producing')
    connection.dataReceived(bytes('cdef'))
    expect([read(), transport.producerState]).toEqual(['abcd', 'paused'])
    outcome(socket.recv())
    expect(transport.producerState).toBe('paused')
    socket.recv().addErrback(() => undefined).cancel()
    expect(transport.producerState).toBe('paused')
  })

  it('a peer that sends to somebody who does not read is held up', () => {
    const { server, client, pump } = pair()
    const sends = Array.from({ length: 10 }, () => outcome(client.send(new Uint8Array(40_000))))
    pump.flush()
    expect(sends.map((send) => send())).toEqual([40_000, ...Array(9).fill('waiting') as string[]])
    let got = 0
    const take = (data: Uint8Array): void => {
      got += data.length
      if (got < 400_000) server.recv().addCallback(take)
    }
    server.recv().addCallback(take)
    pump.flush()
    expect(got).toBe(400_000)
    expect(sends.map((send) => send())).toEqual(Array(10).fill(40_000))
  })

  it('an array may be filled again as soon as send has returned', () => {
    const { server, client, pump } = pair()
    const array = bytes('first')
    client.send(array)
    array.fill(0)
    const got = outcome(server.recv())
    pump.flush()
    expect(got()).toBe('first')
  })

  it('SO_SNDBUF says from when on send waits', () => {
    const { client, pump } = pair()
    expect(outcome(client.setsockopt('SO_SNDBUF', 5))()).toBe(undefined)
    expect(outcome(client.send('12345'))()).toBe(5)
    const waiting = outcome(client.send('6'))
    expect(waiting()).toBe('waiting')
    pump.flush()
    expect(outcome(client.setsockopt('SO_SNDBUF', -1))()).toBeInstanceOf(RangeError)
  })
})

describe('stream sockets: cancelling', () => {
  it('a cancelled read takes no bytes, and those behind it are served', () => {
    const { socket, connection } = alone()
    const first = socket.readExactly(10)
    const second = outcome(socket.recv())
    connection.dataReceived(bytes('abc'))
    expect(second()).toBe('waiting')
    const cancelled = outcome(first)
    first.cancel()
    expect([(cancelled() as Error).name, second()]).toEqual(['CancelledError', 'abc'])
  })

  it('by a signal; no listener stays', () => {
    const { socket, connection, transport } = alone()
    const controller = new AbortController()
    const waiting = outcome(socket.recv(5, { signal: controller.signal }))
    controller.abort()
    expect(waiting()).toBeInstanceOf(CancelledError)
    expect(transport.producerState).toBe('paused')
    const { signal } = new AbortController()
    const read = outcome(socket.recv(5, { signal }))
    connection.dataReceived(bytes('x'))
    expect([read(), getEventListeners(signal, 'abort').length]).toEqual(['x', 0])
  })

  it('one in the middle of the line, from inside a callback', () => {
    const { socket, connection } = alone()
    const order: string[] = []
    socket.recv(1).addCallback(() => second.cancel())
    const second = socket.recv(1)
    second.addErrback(() => order.push('cancelled'))
    socket.recv(1).addCallback((data: Uint8Array) => order.push(text(data)))
    connection.dataReceived(bytes('ab'))
    expect(order).toEqual(['cancelled', 'b'])
  })
})

describe('stream sockets: ends', () => {
  it('half close: both directions end by themselves', () => {
    const { server, client, pump } = pair()
    client.send('question')
    client.shutdown('write')
    const question = outcome(server.readUntil('?').addErrback((failure) => {
      return (failure.value as IncompleteReadError).partial
    }))
    pump.flush()
    expect(question()).toBe('question')
    expect(outcome(client.send('more'))()).toBeInstanceOf(SocketStateError)
    server.send('answer')
    const closed = outcome(server.close())
    const answer = outcome(client.readExactly(6))
    pump.flush()
    expect([answer(), closed()]).toEqual(['answer', undefined])
    const end = outcome(client.recv())
    pump.flush()
    expect(end()).toBe('')
  })

  it('a reset: what waits fails with it, and so does everything after', () => {
    const { server, client, pump } = pair()
    const waiting = outcome(server.recv())
    pump.flush()
    client.abort()
    pump.flush()
    expect(waiting()).toBeInstanceOf(ConnectionLost)
    expect(outcome(server.recv())()).toBeInstanceOf(ConnectionLost)
    expect(outcome(server.send('x'))()).toBeInstanceOf(ConnectionLost)
    expect(outcome(server.close())()).toBe(undefined)
  })

  it('bytes that came before a reset can be read', () => {
    const { socket, connection } = alone()
    connection.dataReceived(bytes('last words'))
    connection.connectionLost(new Failure(new ConnectionAborted()))
    expect(outcome(socket.recv(4))()).toBe('last')
    expect(outcome(socket.readExactly(99))()).toBeInstanceOf(ConnectionAborted)
    expect(outcome(socket.recv())()).toBe(' words')
    expect(outcome(socket.recv())()).toBeInstanceOf(ConnectionAborted)
  })

  it('close: what waits fails with SocketClosed, what was sent arrives, again is no error', () => {
    const { server, client, pump } = pair()
    const waiting = outcome(client.recv())
    client.send('bye')
    const closed = [outcome(client.close()), outcome(client.close())]
    expect(waiting()).toBeInstanceOf(SocketClosed)
    const rest = outcome(server.recv())
    pump.flush()
    expect(rest()).toBe('bye')
    server.close()
    pump.flush()
    expect(closed.map((one) => one())).toEqual([undefined, undefined])
    expect(outcome(client.close())()).toBe(undefined)
    for (const call of [client.recv(), client.send('x'), client.shutdown(), client.listen(), client.accept()]) {
      expect(outcome(call)()).toBeInstanceOf(SocketClosed)
    }
    expect(client.closed).toBe(true)
  })

  it('shutdown for reading: the end, for what waits too', () => {
    const { socket, connection } = alone()
    connection.dataReceived(bytes('x'))
    const waiting = outcome(socket.readExactly(5))
    socket.shutdown('read')
    expect((waiting() as IncompleteReadError).partial.length).toBe(0)
    expect(outcome(socket.recv())()).toBe('')
  })
})

describe('stream sockets: wrong use', () => {
  it('arguments are refused at once', () => {
    const { socket } = alone()
    const wrong: (() => unknown)[] = [
      () => socket.send(5 as never), () => socket.shutdown('none' as never),
      () => socket.setsockopt('SO_X' as never, 1 as never),
      () => socket.setsockopt('TCP_NODELAY', 1 as never), () => socket.readUntil(5 as never),
      () => new StreamSocket({}).bind({} as never), () => new StreamSocket({}).connect({ host: 5, port: 1 } as never),
      () => new StreamSocket({}, 'unix').connect({ port: 5 }), () => socket.connect({ port: 5 }),
    ]
    for (const call of wrong) expect(call).toThrow(/./)
    for (const call of [
      () => socket.recv(0), () => socket.recv(1.5), () => socket.readExactly(-1), () => socket.readUntil(''),
      () => socket.readLine({ encoding: 'x' as never }), () => socket.readUntil('x', { max: -1 }),
      () => new StreamSocket({}, 'ipx' as never), () => new StreamSocket({}).bind({ port: 70_000 }),
      () => new StreamSocket({}).listen(0),
    ]) expect(call).toThrow(RangeError)
  })

  it('calls that the state does not allow fail with SocketStateError', () => {
    const fresh = new StreamSocket({})
    for (const call of [fresh.recv(), fresh.readLine(), fresh.send('x'), fresh.accept(), fresh.shutdown(),
      fresh.getpeername(), fresh.getsockname(), fresh.starttls({})]) {
      expect(outcome(call)()).toBeInstanceOf(SocketStateError)
    }
    const { socket } = alone()
    for (const call of [socket.listen(), socket.accept()]) expect(outcome(call)()).toBeInstanceOf(SocketStateError)
  })
})
