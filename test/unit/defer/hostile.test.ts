/** Callbacks that do to their own Deferred what they should not: never a hang, never a lost error. */
import { describe, expect, it } from 'vitest'
import { Deferred, gatherResults, inlineCallbacks, race, succeed, taskGroup } from '../../../src/defer/index.js'
import { AlreadyCalledError, ThrownValueError } from '../../../src/errors/index.js'
import { failureOf, resultOf } from './helpers.js'

describe.each(['added before it fired', 'added to a fired one'])('a callback %s', (when) => {
  /** A Deferred with one callback, which has run. */
  function run(callback: (self: Deferred<any>) => unknown): Deferred<any> {
    const d = new Deferred<any>()
    if (when === 'added to a fired one') d.callback('value')
    d.addCallback(() => callback(d))
    if (!d.called) d.callback('value')
    return d
  }

  const values = [undefined, null, 0, '', 'text', Symbol('s'), {}, () => 1]
  it.each(values)('that throws %s: wrapped, as the cause', (thrown) => {
    const { value } = failureOf(run(() => {
      throw thrown
    }))
    expect(value).toBeInstanceOf(ThrownValueError)
    expect(value.cause).toBe(thrown)
  })

  it('that returns itself fails with TypeError', () => {
    expect(failureOf(run((self) => self)).value).toBeInstanceOf(TypeError)
  })

  it('that returns a promise of itself, or one that waits for it, does not hang anything else', async () => {
    const d = run((self) => new Deferred<void>().addCallback(() => self))
    expect(String(d)).toMatch(/waiting on/)
    d.cancel()
    expect(failureOf(d).value.name).toBe('CancelledError')
  })

  it('that fires itself gets AlreadyCalledError, and the result stands if it does not mind', () => {
    expect(failureOf(run((self) => self.callback('again'))).value).toBeInstanceOf(AlreadyCalledError)
    const d = run((self) => {
      expect(() => self.errback(new Error('again'))).toThrow(AlreadyCalledError)
      return 'stands'
    })
    expect(resultOf(d)).toBe('stands')
  })

  it('that cancels itself changes nothing: there is nothing to cancel', () => {
    expect(resultOf(run((self) => {
      self.cancel()
      return 'stands'
    }))).toBe('stands')
  })

  it('that cancels itself later, while it waits for what it returned, is heard', () => {
    const inner = new Deferred<void>()
    const d = run((self) => {
      self.addErrback((failure) => failure.value.name)
      return inner
    })
    d.cancel()
    expect(resultOf(d)).toBe('CancelledError')
  })

  it('that adds to itself runs what it added after it returned, in order', () => {
    const log: string[] = []
    const d = run((self) => {
      self.addCallback((x) => void log.push(`second got ${String(x)}`))
      self.addCallback(() => void log.push('third'))
      log.push('first')
      return 'result'
    })
    d.addCallback(() => void log.push('fourth'))
    expect(log).toEqual(['first', 'second got result', 'third', 'fourth'])
  })

  it('that adds without end is stopped by nobody else than itself', () => {
    let left = 100_000
    const again = (self: Deferred<any>): void => {
      if (--left > 0) self.addCallback(() => again(self))
    }
    run(again)
    expect(left).toBe(0)
  })

  it('that pauses and unpauses itself goes on', () => {
    const d = run((self) => {
      self.pause()
      self.addCallback(() => 'after')
      self.unpause()
      return succeed('inner')
    })
    expect(resultOf(d)).toBe('after')
  })
})

describe('a proxy that is revoked while it is a result', () => {
  it.each([['an object', {}], ['a function', () => 1]])('of %s is a result like any other', (_name, target) => {
    const { proxy, revoke } = Proxy.revocable<object>(target, {})
    const [d, late, paused] = [new Deferred<any>(), new Deferred<any>(), new Deferred<any>()]
    paused.pause()
    d.callback(proxy)
    paused.callback(proxy)
    revoke()
    let seen = 0
    const note = (value: unknown): void => void (seen += Number(value === proxy))
    d.chainDeferred(late)
    late.addCallback(note)
    paused.addCallback(note)
    paused.unpause()
    expect(seen).toBe(2)
  })

  it('fires one with a revoked function, through a list, a race, a group and a generator', () => {
    const { proxy, revoke } = Proxy.revocable(() => 1, {})
    revoke()
    let seen = 0
    const note = (value: unknown): void => void (seen += Number(value === proxy))
    const fire = (make: (d: Deferred<any>) => Deferred<any>): void => {
      const d = new Deferred<any>()
      make(d).addCallback(note)
      d.callback(proxy)
    }
    fire((d) => d)
    fire((d) => d.addCallback((value) => value))
    fire((d) => gatherResults([d]).addCallback(([value]) => value))
    fire((d) => race([d]).addCallback(([, value]) => value))
    fire((d) => taskGroup(() => d))
    fire((d) => succeed(0).addCallback(() => d))
    fire(inlineCallbacks(function* (d: Deferred<any>) {
      return (yield d) as unknown
    }))
    expect(seen).toBe(7)
  })
})
