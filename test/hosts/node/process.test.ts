/**
 * Child processes: what their protocols hear, descriptors, signals, flow, output.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Reactor } from '../../../bindings/node/index.js'
import type { Failure } from '../../../src/defer/index.js'
import {
  CancelledError, ConnectionDone, ConnectionLost, NotSupportedError, ProcessDone, ProcessExitedAlready,
  ProcessNotStarted, ProcessOutputTooLong, ProcessTerminated, UnexpectedErrorOutput,
} from '../../../src/errors/index.js'
import type { SpawnOptions } from '../../../src/interfaces/index.js'
import {
  getProcessOutput, getProcessOutputAndValue, getProcessValue, ProcessProtocol,
} from '../../../src/protocols/index.js'
import { Reactor as BareReactor } from '../../../src/reactor/index.js'
import { WriteLimitExceeded } from '../../../src/transports/index.js'
import { logged } from '../../unit/reactor/log.js'
import { later, reactors, stopped } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

const SHELL = '/bin/sh'
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Writes down what happens to a child, and lets tests wait for it. */
class Watcher extends ProcessProtocol {
  events: string[] = []
  data = new Map<number, string>()
  bytes = 0
  exit: Failure | null = null
  #ended = later<Failure>()
  #exited = later()
  #wanted: { childFD: number, text: string, resolve: () => void }[] = []

  get ended(): Promise<Failure> {
    return this.#ended.promise
  }

  get exited(): Promise<void> {
    return this.#exited.promise
  }

  get out(): string {
    return this.data.get(1) ?? ''
  }

  get err(): string {
    return this.data.get(2) ?? ''
  }

  until(wanted: string, childFD = 1): Promise<void> {
    if ((this.data.get(childFD) ?? '').includes(wanted)) return Promise.resolve()
    const { promise, resolve } = later()
    this.#wanted.push({ childFD, text: wanted, resolve })
    return promise
  }

  override connectionMade(): void {
    this.events.push('made')
  }

  override childDataReceived(childFD: number, data: Uint8Array): void {
    super.childDataReceived(childFD, data)
    this.bytes += data.length
    if (this.bytes < 1 << 20) this.data.set(childFD, (this.data.get(childFD) ?? '') + text(data))
    this.#wanted = this.#wanted.filter((one) => {
      if (!(this.data.get(one.childFD) ?? '').includes(one.text)) return true
      one.resolve()
      return false
    })
  }

  override outReceived(): void {
    if (!this.events.includes('out')) this.events.push('out')
  }

  override errReceived(): void {
    if (!this.events.includes('err')) this.events.push('err')
  }

  override childConnectionLost(childFD: number): void {
    this.events.push(`lost ${childFD}`)
    super.childConnectionLost(childFD)
  }

  override inConnectionLost(): void {
    this.events.push('in lost')
  }

  override outConnectionLost(): void {
    this.events.push('out lost')
  }

  override errConnectionLost(): void {
    this.events.push('err lost')
  }

  override processExited(reason: Failure): void {
    this.events.push(`exited ${reason.value.name}`)
    this.exit = reason
    this.#exited.resolve()
  }

  override processEnded(reason: Failure): void {
    this.events.push(`ended ${reason.value.name}`)
    this.#ended.resolve(reason)
  }
}

/** A shell that runs `script`. */
function shell(reactor: Reactor, script: string, options: SpawnOptions = {}, watcher = new Watcher()): Watcher {
  reactor.spawnProcess(watcher, SHELL, ['-c', script], { env: null, ...options })
  return watcher
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-process-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('child processes on Node: events', () => {
  it('come in order, processEnded last and once', async () => {
    const watcher = shell(newReactor(), 'echo out; echo err >&2; exit 0')
    expect(watcher.events).toEqual(['made'])
    expect(watcher.transport.pid).toBeGreaterThan(0)
    const reason = await watcher.ended
    expect(reason.value).toBeInstanceOf(ProcessDone)
    expect(reason.value).toBeInstanceOf(ConnectionDone)
    expect([watcher.out, watcher.err]).toEqual(['out\n', 'err\n'])
    expect(watcher.events.filter((event) => event.startsWith('ended'))).toEqual(['ended ProcessDone'])
    expect(watcher.events.at(-1)).toBe('ended ProcessDone')
    expect([...watcher.events].sort()).toEqual([
      'ended ProcessDone', 'err', 'err lost', 'exited ProcessDone', 'in lost', 'lost 0', 'lost 1', 'lost 2', 'made',
      'out', 'out lost'])
    expect(watcher.transport.pid).toBe(null)
    expect(watcher.exit).toBe(reason)
  })

  it('write, half-close, read to the end: cat', async () => {
    const watcher = shell(newReactor(), 'cat')
    watcher.transport.write('one ')
    watcher.transport.writeSequence(['two ', new Uint8Array([51, 10])])
    await watcher.until('one two 3\n')
    watcher.transport.closeStdin()
    watcher.transport.write('dropped')
    expect((await watcher.ended).value).toBeInstanceOf(ProcessDone)
    expect(watcher.out).toBe('one two 3\n')
    expect(watcher.events.indexOf('lost 0')).toBeLessThan(watcher.events.indexOf('lost 1'))
  })

  it('processExited comes while a grandchild holds the pipes, processEnded when it is gone', async () => {
    const watcher = shell(newReactor(), '(read line; echo "late $line") <&0 & exit 3')
    await watcher.exited
    expect(watcher.events.some((event) => event.startsWith('ended'))).toBe(false)
    // Node closes the input of a child that has ended, which is what the grandchild waits for.
    const reason = await watcher.ended
    expect(reason.value).toMatchObject({ name: 'ProcessTerminated', exitCode: 3, signal: null })
    expect(watcher.out).toBe('late \n')
  })

  it('a child that dies at once, and one that is killed, say how', async () => {
    const reactor = newReactor()
    expect((await shell(reactor, 'exit 7').ended).value).toMatchObject({ exitCode: 7, signal: null })
    const killed = (await shell(reactor, 'kill -9 $$').ended).value
    expect(killed).toBeInstanceOf(ProcessTerminated)
    expect(killed).toBeInstanceOf(ConnectionLost)
    expect(killed).toMatchObject({ exitCode: null, signal: 'SIGKILL', message: 'The process was ended by SIGKILL.' })
  })

  it.each<[string, string, SpawnOptions]>([
    ['no such program', '/no/such/program', {}],
    ['nowhere in the path', 'whorl-has-no-such-program', {}],
    ['a folder', '/', {}],
    ['no such working directory', SHELL, { cwd: '/no/such/folder' }],
    ['a descriptor that is none', SHELL, { childFDs: { 0: 'w', 5: 987_654 } }],
  ])('what cannot be started is told, with the cause: %s', async (_what, executable, options) => {
    const watcher = new Watcher()
    const transport = newReactor().spawnProcess(watcher, executable, [], options)
    expect([transport.pid, watcher.events]).toEqual([null, []])
    const { value } = await watcher.ended
    expect(value).toBeInstanceOf(ProcessNotStarted)
    expect(value.cause).toBeInstanceOf(Error)
    expect(value.message).toContain(`Cannot start ${executable}: `)
    expect(watcher.events).toEqual(['exited ProcessNotStarted', 'ended ProcessNotStarted'])
    transport.write('dropped')
    transport.loseConnection()
    transport.closeChildFD(9)
    expect(() => transport.signalProcess('KILL')).toThrow(ProcessExitedAlready)
  })

  it('what a callback throws is logged, and the rest still happens', async () => {
    class Broken extends Watcher {
      override connectionMade(): void {
        super.connectionMade()
        throw new Error('made is broken')
      }
      override processExited(reason: Failure): void {
        super.processExited(reason)
        throw new Error('exited is broken')
      }
    }
    const events = await logged(async () => {
      await shell(newReactor(), 'cat', {}, new Broken()).ended
    })
    expect(events.map((event) => event.failure?.getErrorMessage())).toEqual(['made is broken', 'exited is broken'])
  })
})

describe('child processes on Node: environment and descriptors', () => {
  it('the environment is empty unless given, this program\'s own with null', async () => {
    const reactor = newReactor()
    process.env['WHORL_TEST'] = 'inherited'
    try {
      const script = 'echo "[$WHORL_TEST][$OTHER]"'
      const outputs = await Promise.all([undefined, null, { OTHER: 'a b=c' }].map(async (env) => {
        const watcher = new Watcher()
        reactor.spawnProcess(watcher, SHELL, ['-c', script], { env })
        await watcher.ended
        return watcher.out
      }))
      expect(outputs).toEqual(['[][]\n', '[inherited][]\n', '[][a b=c]\n'])
    } finally {
      delete process.env['WHORL_TEST']
    }
  })

  it('arguments arrive as they are, and the working directory is set', async () => {
    const watcher = new Watcher()
    const args = ['-c', 'pwd; printf "%s|" "$@"', 'sh', '', 'a b', '"$HOME"', 'ä\n']
    newReactor().spawnProcess(watcher, SHELL, args, { cwd: folder })
    await watcher.ended
    expect(watcher.out).toBe(`${realpathSync(folder)}\n|a b|"$HOME"|ä\n|`)
  })

  it('further descriptors are read, written, and shared', async () => {
    writeFileSync(join(folder, 'file'), '')
    const file = openSync(join(folder, 'file'), 'w')
    const script = 'read line <&4; echo "got $line" >&3; echo "into the file" >&5; echo out'
    const watcher = shell(newReactor(), script, { childFDs: { 0: 'w', 1: 'r', 2: 'r', 3: 'r', 4: 'w', 5: file } })
    expect(() => watcher.transport.writeToChild(3, 'x')).toThrow(RangeError)
    expect(() => watcher.transport.writeToChild(7, 'x')).toThrow(RangeError)
    watcher.transport.writeToChild(4, 'a line\n')
    await watcher.ended
    closeSync(file)
    expect([watcher.data.get(3), watcher.out]).toEqual(['got a line\n', 'out\n'])
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('into the file\n')
    expect(watcher.events.filter((event) => event.startsWith('lost')).sort())
      .toEqual(['lost 0', 'lost 1', 'lost 2', 'lost 3', 'lost 4'])
  })

  it('that the child closes a descriptor from 3 on shows at once', async () => {
    const watcher = shell(newReactor(), 'exec 4<&-; read line', { childFDs: { 0: 'w', 1: 'r', 4: 'w' } })
    while (!watcher.events.includes('lost 4')) await new Promise((resolve) => setImmediate(resolve))
    expect(watcher.events).not.toContain('lost 1')
    watcher.transport.write('\n')
    await watcher.ended
  })

  it('what is not named is the null device', async () => {
    const watcher = shell(newReactor(), 'cat; echo done >&3; echo nowhere', { childFDs: { 3: 'r' } })
    await watcher.ended
    expect([...watcher.data]).toEqual([[3, 'done\n']])
    expect(() => watcher.transport.write('x')).toThrow(RangeError)
  })
})

describe('child processes on Node: signals and closing', () => {
  it.each([['TERM', 'SIGTERM'], ['SIGINT', 'SIGINT'], ['KILL', 'SIGKILL'], ['hup', 'SIGHUP'], [9, 'SIGKILL']] as const)(
    'signalProcess(%s)', async (signal, name) => {
      const watcher = shell(newReactor(), 'exec sleep 100')
      watcher.transport.signalProcess(signal)
      expect((await watcher.ended).value).toMatchObject({ signal: name, exitCode: null })
      expect(() => watcher.transport.signalProcess(signal)).toThrow(ProcessExitedAlready)
    })

  it('an unknown signal is refused, and stopping is not ending', async () => {
    const watcher = shell(newReactor(), 'read line; echo "$line"')
    expect(() => watcher.transport.signalProcess('NONSENSE')).toThrow(TypeError)
    expect(() => watcher.transport.signalProcess(-1)).toThrow(TypeError)
    expect(() => watcher.transport.signalProcess('')).toThrow(TypeError)
    watcher.transport.signalProcess('STOP')
    watcher.transport.write('on\n')
    watcher.transport.signalProcess('CONT')
    await watcher.until('on\n')
    expect((await watcher.ended).value).toBeInstanceOf(ProcessDone)
  })

  it('an AbortSignal kills; one that is aborted already starts nothing', async () => {
    const reactor = newReactor()
    const controller = new AbortController()
    const watcher = shell(reactor, 'exec sleep 100', { signal: controller.signal })
    controller.abort()
    expect((await watcher.ended).value).toMatchObject({ signal: 'SIGKILL' })
    const late = shell(reactor, `touch ${folder}/started`, { signal: AbortSignal.abort(new Error('too late')) })
    const { value } = await late.ended
    expect(value).toBeInstanceOf(ProcessNotStarted)
    expect((value.cause as Error).message).toBe('too late')
    expect(late.events).toEqual(['exited ProcessNotStarted', 'ended ProcessNotStarted'])
  })

  it('loseConnection twice, and closing what is closed', async () => {
    const watcher = shell(newReactor(), 'cat')
    watcher.transport.loseConnection()
    watcher.transport.loseConnection()
    watcher.transport.closeStdin()
    watcher.transport.closeStdout()
    watcher.transport.closeStderr()
    await watcher.ended
    for (const childFD of [0, 1, 2]) {
      expect(watcher.events.filter((event) => event === `lost ${childFD}`)).toHaveLength(1)
    }
  })

  it('a child that writes to a closed pipe is ended by that', async () => {
    const watcher = shell(newReactor(), 'exec yes')
    await watcher.until('y\n')
    watcher.transport.closeStdout()
    // By the signal; or, if something was left unread, by an error that it ends with.
    expect((await watcher.ended).value).toBeInstanceOf(ProcessTerminated)
  })

  it('a child that closes its input early: the next write tells, and the child lives on', async () => {
    const watcher = shell(newReactor(), 'exec 0<&-; echo closed; sleep 0.1; echo alive')
    await watcher.until('closed')
    watcher.transport.write('x'.repeat(100))
    await watcher.until('alive')
    expect((await watcher.ended).value).toBeInstanceOf(ProcessDone)
    expect(watcher.events.filter((event) => event === 'lost 0')).toHaveLength(1)
  })

  it.each(['lost 1', 'lost 2', 'exited ProcessDone', 'exited ProcessTerminated'])(
    'what is closed when the host has closed it already still ends: at %s', async (when) => {
      class Closing extends Watcher {
        constructor(readonly close: (child: Watcher) => void) {
          super()
        }
        override childConnectionLost(childFD: number): void {
          super.childConnectionLost(childFD)
          if (when === `lost ${childFD}`) this.close(this)
        }
        override processExited(reason: Failure): void {
          super.processExited(reason)
          if (when === this.events.at(-1)) this.close(this)
        }
      }
      const reactor = newReactor()
      const script = when.endsWith('Terminated') ? 'kill -9 $$' : 'echo; echo >&2'
      const ends = await Promise.all([
        ({ transport }: Watcher) => transport.loseConnection(),
        ({ transport }: Watcher) => transport.closeStdin(),
        ({ transport }: Watcher) => {
          transport.write('x'.repeat(300_000))
          transport.loseConnection()
        },
      ].map((close) => shell(reactor, script, {}, new Closing(close)).ended))
      const name = when.endsWith('Terminated') ? 'ProcessTerminated' : 'ProcessDone'
      expect(ends.map((end) => end.value.name)).toEqual([name, name, name])
    })

  it('reactor.stop() closes the pipes and does not wait for the child', async () => {
    const reactor = newReactor()
    void reactor.run()
    const go = join(folder, 'go')
    const wait = `while [ -d ${folder} ] && ! [ -e ${go} ]; do sleep 0.02; done`
    const watcher = shell(reactor, `trap "" PIPE; cat; ${wait}; exit 5`)
    await stopped(reactor)
    expect(watcher.events).toEqual(expect.arrayContaining(['lost 0', 'lost 1', 'lost 2']))
    expect(watcher.events.some((event) => event.startsWith('ended'))).toBe(false)
    writeFileSync(go, '')
    expect((await watcher.ended).value).toMatchObject({ exitCode: 5 })
  })

  it('wrong arguments are refused at once', () => {
    const reactor = newReactor()
    const spawn = (...args: unknown[]) => () => (reactor.spawnProcess as (...given: unknown[]) => unknown).apply(reactor, args)
    expect(spawn({}, SHELL)).toThrow(TypeError)
    expect(spawn(new Watcher(), '')).toThrow(RangeError)
    expect(spawn(new Watcher(), 'a\0b')).toThrow(RangeError)
    expect(spawn(new Watcher(), SHELL, 'x')).toThrow(TypeError)
    expect(spawn(new Watcher(), SHELL, [7])).toThrow(TypeError)
    expect(spawn(new Watcher(), SHELL, [], { env: { 'A=B': 'x' } })).toThrow(RangeError)
    expect(spawn(new Watcher(), SHELL, [], { env: { A: 7 } })).toThrow(TypeError)
    expect(spawn(new Watcher(), SHELL, [], { childFDs: { 0: 'x' } })).toThrow(TypeError)
    expect(spawn(new Watcher(), SHELL, [], { childFDs: { '-1': 'r' } })).toThrow(RangeError)
    expect(spawn(new Watcher(), SHELL, [], { signal: {} })).toThrow(TypeError)
    const { core, host } = { core: () => { throw new Error('not asked') }, host: reactor.host }
    expect(() => new BareReactor({ core, host }).spawnProcess(new Watcher(), SHELL)).toThrow(NotSupportedError)
  })
})

describe('child processes on Node: flow', () => {
  const FLOOD = 50 << 20

  it('a child that floods is read whole, and a pause holds it back', async () => {
    const watcher = shell(newReactor(), `head -c ${FLOOD} /dev/zero; echo end >&2`)
    watcher.transport.pauseProducing()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(watcher.bytes).toBe(0)
    watcher.transport.resumeProducing()
    await watcher.ended
    expect(watcher.bytes).toBe(FLOOD + 4)
  })

  it('a pause outlasts the child, and then nothing is lost', async () => {
    const watcher = shell(newReactor(), 'echo early; exit 0')
    watcher.transport.pauseProducing()
    await watcher.exited
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(watcher.out).toBe('')
    expect(watcher.events).not.toContain('lost 1')
    watcher.transport.resumeProducing()
    await watcher.ended
    expect(watcher.out).toBe('early\n')
  })

  it('a child that ignores its input: producers wait, limits hold, and its end tells', async () => {
    const watcher = shell(newReactor(), 'read line; exec sleep 100')
    const calls: string[] = []
    const { transport } = watcher
    transport.registerProducer({
      pauseProducing: () => calls.push('pause'),
      resumeProducing: () => calls.push('resume'),
      stopProducing: () => calls.push('stop'),
    }, true)
    transport.setWriteLimits({ high: 100_000, max: 2_000_000 })
    transport.write(new Uint8Array(1_500_000))
    expect(calls).toEqual(['pause'])
    expect(() => transport.writeSequence([new Uint8Array(400_000), new Uint8Array(400_000)])).toThrow(WriteLimitExceeded)
    expect(transport.writableLength).toBe(1_500_000)
    const drained = transport.drain().then(() => 'drained', (error: Error) => error.constructor.name)
    transport.signalProcess('KILL')
    await watcher.ended
    expect(calls).toEqual(['pause', 'stop'])
    expect(await drained).toBe('ConnectionLost')
    expect(() => transport.write('x')).not.toThrow()
    expect(transport.writableLength).toBe(0)
    expect(await transport.drain().then(() => 'drained', (error: Error) => error.constructor.name)).toBe('ConnectionLost')
    transport.registerProducer({ resumeProducing: () => undefined, stopProducing: () => calls.push('stop 2') }, false)
    expect(calls.at(-1)).toBe('stop 2')
  })

  it('a producer is resumed when the child reads on, megabytes through cat', async () => {
    class Feeder extends Watcher {
      left = 6 << 20
      override connectionMade(): void {
        super.connectionMade()
        this.transport.registerProducer({
          resumeProducing: () => {
            const length = Math.min(this.left, 50_000)
            this.left -= length
            this.transport.write(new Uint8Array(length).fill(97))
            if (this.left > 0) return
            this.transport.unregisterProducer()
            this.transport.closeStdin()
          },
          stopProducing: () => undefined,
        }, false)
      }
    }
    const watcher = shell(newReactor(), 'cat', {}, new Feeder())
    expect((await watcher.ended).value).toBeInstanceOf(ProcessDone)
    expect(watcher.bytes).toBe(6 << 20)
  })

  it('each pipe has its own transport', async () => {
    const watcher = shell(newReactor(), 'read line; echo "$line"; read line; echo err >&2')
    const { transport } = watcher
    expect(transport.pipe(7)).toBe(null)
    expect(transport.pipe(0)?.getPeer()).toEqual({ family: 'process', type: 'process', pid: transport.pid })
    transport.pipe(2)?.pauseProducing()
    transport.write('a\n')
    await watcher.until('a\n')
    transport.write('b\n')
    await watcher.exited
    expect(watcher.err).toBe('')
    transport.pipe(2)?.resumeProducing()
    await watcher.ended
    expect(watcher.err).toBe('err\n')
    expect(transport.pipe(0)).toBe(null)
  })
})

describe('child processes on Node: their output', () => {
  it('getProcessOutput gives what is written to standard output, whatever the status', async () => {
    const reactor = newReactor()
    expect(text(await getProcessOutput(reactor, SHELL, ['-c', 'echo hello; exit 1']))).toBe('hello\n')
    expect(text(await getProcessOutput(reactor, SHELL, ['-c', 'echo a; echo b >&2'], { errortoo: true }))).toMatch(/a\n|b\n/)
    expect(text(await getProcessOutput(reactor, SHELL, ['-c', 'true']))).toBe('')
    const all = await getProcessOutput(reactor, SHELL, ['-c', 'head -c 3000000 /dev/zero'])
    expect(all.length).toBe(3_000_000)
  })

  it('getProcessOutput fails on error output, a signal, and what cannot be started', async () => {
    const reactor = newReactor()
    const failure = (script: string, options = {}): Promise<Error> =>
      getProcessOutput(reactor, SHELL, ['-c', script], options).then(() => expect.fail(script), (error: Error) => error)
    const complaint = await failure('echo good; echo bad >&2; echo more')
    expect(complaint).toBeInstanceOf(UnexpectedErrorOutput)
    expect(complaint.message).toBe(`${SHELL} wrote to its standard error: bad`)
    expect(text((complaint as UnexpectedErrorOutput).output)).toBe('bad\n')
    expect(await failure('echo half; kill -TERM $$')).toMatchObject({ name: 'ProcessTerminated', signal: 'SIGTERM' })
    expect(await failure('exec yes', { maxLength: 100_000 })).toBeInstanceOf(ProcessOutputTooLong)
    await expect(getProcessOutput(reactor, '/no/such/program').asPromise()).rejects.toBeInstanceOf(ProcessNotStarted)
  })

  it('getProcessOutputAndValue and getProcessValue', async () => {
    const reactor = newReactor()
    const { out, err, exitCode } = await getProcessOutputAndValue(reactor, SHELL, ['-c', 'echo o; echo e >&2; exit 9'])
    expect([text(out), text(err), exitCode]).toEqual(['o\n', 'e\n', 9])
    expect(await getProcessValue(reactor, SHELL, ['-c', 'echo noise >&2; exit 4'])).toBe(4)
    expect(await getProcessValue(reactor, SHELL, ['-c', 'exit "$CODE"'], { env: { CODE: '6' } })).toBe(6)
    await expect(getProcessValue(reactor, SHELL, ['-c', 'kill -9 $$']).asPromise()).rejects.toBeInstanceOf(ProcessTerminated)
  })

  it('cancelling kills', async () => {
    const reactor = newReactor()
    const deferred = getProcessOutput(reactor, SHELL, ['-c', 'echo $$; exec sleep 100'], {})
    deferred.cancel()
    await expect(deferred.asPromise()).rejects.toBeInstanceOf(CancelledError)
    const controller = new AbortController()
    const aborted = getProcessValue(reactor, SHELL, ['-c', 'exec sleep 100'], { signal: controller.signal })
    controller.abort()
    await expect(aborted.asPromise()).rejects.toBeInstanceOf(CancelledError)
  })
})
