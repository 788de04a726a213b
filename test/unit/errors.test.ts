import { describe, expect, it, vi } from 'vitest'
import { Failure } from '../../src/defer/index.js'
import * as errors from '../../src/errors/index.js'
import type { Fault } from '../../src/errors/index.js'

const { WhorlError } = errors

type Kind = (new (...args: any[]) => InstanceType<typeof WhorlError>) & { code: string; fault: Fault }

/** Constructor arguments of the classes that cannot do without. */
const ARGUMENTS: Record<string, unknown[]> = {
  NotSupportedError: ['web', 'listenUNIX'],
  EndpointSyntaxError: ['port'],
  CannotListenError: ['127.0.0.1', 8007, { cause: new Error('address in use') }],
  FirstError: [2, new Failure(new Error('sub'))],
  FailureGroup: [[new Failure(new Error('one')), new Failure(new Error('two'))]],
  ThrownValueError: [5],
  SystemExit: [3, 'Done.'],
  ProcessTerminated: [null, 'SIGKILL'],
  ProcessNotStarted: ['/bin/none', { cause: new Error('no such file') }],
  ProcessOutputTooLong: ['/bin/yes', 1000],
  ThreadCrashed: [3],
  NotReplayable: ['a thread', { time: 5 }],
  CompressionLimitError: [1000],
  ConnectionRejected: ['No.', { status: 403, reason: '', headers: [], body: new Uint8Array(0) }],
  PageError: [404],
  RequestTimeoutError: ['tls'],
  LeftBehind: [[{ kind: 'call', what: 'a call', where: undefined }]],
  ReplayDivergence: [{ record: 3, time: 1.5, expected: 'this', got: 'that' }],
  WebSocketLost: ['It ended.', 1006],
  WebSocketTimeout: ['No answer.', 1006],
  UnexpectedErrorOutput: ['/bin/sh', new Uint8Array(3), 'bad'],
}

const kinds = Object.entries(errors).filter(([, value]) => typeof value === 'function') as [string, Kind][]

describe('error classes', () => {
  it('every class of the contract is there', () => {
    const names = [
      'AlreadyCalled AlreadyCancelled AlreadyCalledError CancelledError TimeoutError FirstError FailureGroup',
      'QueueOverflow QueueUnderflow ReactorNotRunning ReactorAlreadyRunning TaskStopped TaskDone TaskFailed NotPaused',
      'SchedulerStopped EndpointSyntaxError NotSupportedError CapabilityError ConnectionDone ConnectionLost',
      'ConnectionAborted ConnectError ConnectionRefusedError DNSLookupError NoRouteError ConnectingCancelledError',
      'UserError CannotListenError NetstringParseError WhorlError CoreError',
    ]
    for (const name of names.join(' ').split(' ')) expect(Object.keys(errors)).toContain(name)
  })

  it.each(kinds)('%s has a name, a message, a code and a fault', (name, Kind) => {
    const error = new Kind(...(ARGUMENTS[name] ?? []))
    expect(error).toBeInstanceOf(Kind)
    expect(error).toBeInstanceOf(WhorlError)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(name)
    expect(Object.keys(error)).not.toContain('name')
    expect(error.code).toBe(Kind.code)
    expect(error.code).toMatch(name === 'WhorlError' ? /^ERR_WHORL$/ : /^ERR_[A-Z]+(_[A-Z]+)*$/)
    expect(['local', 'remote', 'host', 'bug']).toContain(error.fault)
    if (name !== 'WhorlError') expect(error.message).not.toBe('')
    expect(error.stack).toMatch(new RegExp(`^${name}`))
  })

  it('no two classes share a code', () => {
    const codes = kinds.map(([, Kind]) => Kind.code)
    expect(new Set(codes).size).toBe(codes.length)
  })

  it.each(kinds.filter(([name]) => !(name in ARGUMENTS) && name !== 'CoreError'))(
    '%s takes a message and a cause',
    (_name, Kind) => {
      const cause = new Error('why')
      const error = new Kind('in other words', { cause })
      expect(error.message).toBe('in other words')
      expect(error.cause).toBe(cause)
      expect('cause' in new Kind()).toBe(false)
      expect('cause' in new Kind('m', { cause: undefined })).toBe(true)
    },
  )

  it('kinds of connection errors', () => {
    const { ConnectError, ConnectionClosed, ConnectionLost } = errors
    for (const Kind of [
      errors.ConnectionRefusedError,
      errors.TimeoutError,
      errors.DNSLookupError,
      errors.NoRouteError,
      errors.ConnectingCancelledError,
      errors.UserError,
      errors.ConnectBindError,
    ]) {
      expect(new Kind()).toBeInstanceOf(ConnectError)
      expect(new Kind()).not.toBeInstanceOf(ConnectionClosed)
    }
    expect(new errors.ConnectionAborted()).toBeInstanceOf(ConnectionLost)
    expect(new errors.ConnectionDone()).not.toBeInstanceOf(ConnectionLost)
    expect(new errors.ConnectionDone()).toBeInstanceOf(ConnectionClosed)
  })

  it('the fields of those that have some', () => {
    const listen = new errors.CannotListenError('', '/tmp/socket', { cause: new Error('no such directory') })
    expect([listen.interface, listen.port, listen.message]).toEqual([
      '',
      '/tmp/socket',
      'Cannot listen on /tmp/socket: no such directory',
    ])
    expect(new errors.CannotListenError('::1', 80).message).toContain('gave no reason')
    expect(new errors.EndpointSyntaxError('port', 'not a number').field).toBe('port')
    const unsupported = new errors.NotSupportedError('web', 'UDP')
    expect([unsupported.host, unsupported.feature]).toEqual(['web', 'UDP'])
    const group = new errors.FailureGroup(Array.from({ length: 9 }, (_, i) => new Failure(new Error(`e${i}`))))
    expect(group.failures).toHaveLength(9)
    expect(group.message).toBe('All of 9 failed: e0; e1; e2; e3; e4; …')
    expect(new errors.FailureGroup([]).failures).toEqual([])
    const hostile = {
      toString() {
        throw new Error('no')
      },
    }
    expect(new errors.ThrownValueError(hostile).cause).toBe(hostile)
  })

  it('a class made by a user keeps the code above it, and its own name', () => {
    class MyTimeout extends errors.TimeoutError {}
    const error = new MyTimeout()
    expect(error.name).toBe('MyTimeout')
    expect(error.code).toBe('ERR_TIMEOUT')
    expect(error).toBeInstanceOf(errors.TimeoutError)
    expect(new errors.TimeoutError()).not.toBeInstanceOf(MyTimeout)
  })
})

describe('two copies of the package', () => {
  it('instanceof holds across them, for the class and those above it', async () => {
    vi.resetModules()
    const copy = await import('../../src/errors/index.js')
    expect(copy.ConnectionRefusedError).not.toBe(errors.ConnectionRefusedError)
    const error = new copy.ConnectionRefusedError()
    expect(error).toBeInstanceOf(errors.ConnectionRefusedError)
    expect(error).toBeInstanceOf(errors.ConnectError)
    expect(error).toBeInstanceOf(errors.WhorlError)
    expect(error).not.toBeInstanceOf(errors.TimeoutError)
    expect(error).not.toBeInstanceOf(errors.ConnectionClosed)
  })

  it('what is no error is none', () => {
    for (const value of [null, undefined, 1, 'x', {}, new Error('x'), Object.create(null)]) {
      expect(value instanceof errors.TimeoutError).toBe(false)
    }
  })
})
