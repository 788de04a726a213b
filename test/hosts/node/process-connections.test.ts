/**
 * Child processes as stream connections.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Reactor } from '../../../bindings/node/index.js'
import { ConnectionAborted, ConnectionDone, ProcessNotStarted } from '../../../src/errors/index.js'
import type { ProcessAddress } from '../../../src/interfaces/index.js'
import { reactors, Recorder, stopped, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

const SHELL = '/bin/sh'
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-process-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('child processes on Node: as connections', () => {
  const connect = (reactor: Reactor, script: string, options = {}) => {
    const factory = new TestFactory()
    const connector = reactor.connectProcess(SHELL, ['-c', script], factory, { env: null, ...options })
    return { factory, connector }
  }

  it('a protocol speaks with the child, and its end is the end of the connection', async () => {
    const { factory } = connect(newReactor(), 'read line; echo "you said $line"')
    const client = await factory.first
    expect(client.transport.getPeer()).toMatchObject({ family: 'process', pid: expect.any(Number) as number })
    client.transport.write('hello\n')
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    expect(client.received).toBe('you said hello\n')
    expect((await factory.lost).value).toBeInstanceOf(ConnectionDone)
  })

  it('a child that ends badly is the reason, and its error output is heard', async () => {
    let errors = ''
    const errorReceived = (data: Uint8Array): void => { errors += text(data) }
    const { factory } = connect(newReactor(), 'echo trouble >&2; read line; echo last; exit 3', { errorReceived })
    const client = await factory.first
    while (errors === '') await new Promise((resolve) => setImmediate(resolve))
    client.transport.write('\n')
    expect((await client.lost).value).toMatchObject({ name: 'ProcessTerminated', exitCode: 3 })
    expect([client.received, errors]).toEqual(['last\n', 'trouble\n'])
  })

  it('a child that ends before anything is read loses nothing', async () => {
    const { factory } = connect(newReactor(), 'echo quick')
    const client = await factory.first
    await client.lost
    expect(client.received).toBe('quick\n')
  })

  it('half-close: the child sees the end of its input, and its answer arrives', async () => {
    class Half extends Recorder {
      readConnectionLost(): void {}
      writeConnectionLost(): void {}
    }
    const reactor = newReactor()
    const factory = new TestFactory<Half>(() => new Half())
    reactor.connectProcess('sort', [], factory, { env: null })
    const client = await factory.first
    client.transport.write('b\na\n')
    client.transport.loseWriteConnection()
    await client.lost
    expect(client.received).toBe('a\nb\n')
  })

  it('loseConnection closes its input; what it still says is dropped, and it may finish', async () => {
    const { factory } = connect(newReactor(), `cat > ${folder}/saved; echo noise; echo done > ${folder}/done`)
    const client = await factory.first
    client.transport.write('x'.repeat(300_000))
    client.transport.loseConnection()
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    while (!exists(join(folder, 'done'))) await new Promise((resolve) => setImmediate(resolve))
    expect(readFileSync(join(folder, 'saved')).length).toBe(300_000)
    expect(client.received).toBe('')
  })

  it('abortConnection kills the child', async () => {
    const { factory } = connect(newReactor(), 'echo $$; exec sleep 100')
    const client = await factory.first
    await client.until('\n')
    const pid = Number(client.received)
    client.transport.abortConnection()
    expect((await client.lost).value).toBeInstanceOf(ConnectionAborted)
    while (lives(pid)) await new Promise((resolve) => setImmediate(resolve))
    expect(lives(pid)).toBe(false)
  })

  it('whoever holds the error output of a child that has ended holds nothing else up', async () => {
    const reactor = newReactor()
    void reactor.run()
    const pipes = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length
    const before = pipes()
    const script = `while [ -d ${folder} ]; do sleep 0.02; done </dev/null >/dev/null & echo said; echo heard >&2`
    const errors: string[] = []
    const { factory } = connect(reactor, script, { errorReceived: (data: Uint8Array) => errors.push(text(data)) })
    const client = await factory.first
    expect((await client.lost).value).toBeInstanceOf(ConnectionDone)
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await stopped(reactor)
    while (pipes() > before) await new Promise((resolve) => setImmediate(resolve))
    expect(existsSync(folder)).toBe(true)
    expect([client.received, errors.join('')]).toEqual(['said\n', 'heard\n'])
  })

  it('a child that the factory refuses is killed', async () => {
    let pid = 0
    const factory = new TestFactory((address) => {
      pid = (address as ProcessAddress).pid!
      return null
    })
    newReactor().connectProcess(SHELL, ['-c', 'exec sleep 100'], factory, { env: null })
    expect((await factory.lost).value).toBeInstanceOf(ConnectionDone)
    while (lives(pid)) await new Promise((resolve) => setImmediate(resolve))
    expect(factory.events).toEqual(['start', 'connecting', 'lost ConnectionDone', 'stop'])
  })

  it('what cannot be asked is refused at once', () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    for (const call of [
      () => reactor.connectProcess('', [], factory), () => reactor.connectProcess('a\0b', [], factory),
      () => reactor.connectProcess('cat', ['a\0b'], factory),
      () => reactor.connectProcess('cat', [1 as never], factory),
      () => reactor.connectProcess('cat', [], factory, { env: { 'A=B': '' } }),
      () => reactor.connectProcess('cat', [], factory, { errorReceived: 'log' as never }),
      () => reactor.connectProcess('cat', [], {} as never),
    ]) expect(call).toThrow(/text|empty|NUL|variable|function|factory/)
    expect(factory.events).toEqual([])
  })

  it('what cannot be started fails; what is stopped before it runs is killed', async () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    reactor.connectProcess('/no/such/program', [], factory)
    const { value } = await factory.failed
    expect(value.message).toContain('/no/such/program')
    expect(value.cause).toBeInstanceOf(ProcessNotStarted)
    const { factory: given, connector } = connect(reactor, 'exec sleep 100')
    connector.stopConnecting()
    expect((await given.failed).value.name).toBe('UserError')
  })
})

function exists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
