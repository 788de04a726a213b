import { describe, expect, it } from 'vitest'
import { AlreadyCalledError } from '../../../src/errors/index.js'
import { Deferred, fail, Failure, succeed } from '../../../src/defer/index.js'
import { collect, failureOf, resultOf } from './helpers.js'

const boom = new Error('boom')

describe('firing', () => {
  it('D01 a callback added to a fired Deferred runs before addCallback returns', () => {
    const seen: unknown[] = []
    succeed(5).addCallback((value) => seen.push(value))
    expect(seen).toEqual([5])
  })

  it('D01 callback() runs the whole chain before it returns', () => {
    const d = new Deferred<number>()
    const seen: number[] = []
    d.addCallback((x) => x + 1).addCallback((x) => seen.push(x))
    d.addCallback(() => seen.push(9))
    expect(d.called).toBe(false)
    expect(d.result).toBe(undefined)
    d.callback(1)
    expect(seen).toEqual([2, 9])
    expect(d.called).toBe(true)
    expect(d.result).toBe(2)
  })

  it('D01 every add returns the same object', () => {
    const d = new Deferred<number>()
    expect(d.addCallback(() => 1)).toBe(d)
    expect(d.addErrback(() => 1)).toBe(d)
    expect(d.addBoth(() => 1)).toBe(d)
    expect(d.addCallbacks(() => 1, () => 2)).toBe(d)
    expect(d.chainDeferred(new Deferred<number>() as Deferred<any>)).toBe(d)
  })

  it('D02 a callback added by a callback runs at the end, after the current one returned', () => {
    const d = new Deferred<string>()
    const order: string[] = []
    d.addCallback(() => {
      order.push('first begins')
      d.addCallback(() => order.push('added'))
      order.push('first ends')
    })
    d.addCallback(() => order.push('second'))
    d.callback('x')
    expect(order).toEqual(['first begins', 'first ends', 'second', 'added'])
  })

  it('D02 the same on a Deferred that had fired', () => {
    const d = succeed(0)
    const order: string[] = []
    d.addCallback(() => {
      d.addCallback((value) => order.push(`added ${value}`))
      order.push('outer')
      return 7
    })
    expect(order).toEqual(['outer', 'added 7'])
  })

  it('D03 the errback of a level never sees what its own callback threw', () => {
    const seen: string[] = []
    const d = new Deferred<number>()
    d.addCallbacks(
      () => {
        throw boom
      },
      () => seen.push('same level'),
    )
    d.addErrback((failure) => seen.push(failure.getErrorMessage()))
    d.callback(1)
    expect(seen).toEqual(['boom'])
  })

  it('D03 nor does the callback of a level see what its own errback returned', () => {
    const seen: string[] = []
    fail(boom).addCallbacks(
      () => seen.push('callback'),
      () => seen.push('errback'),
    )
    expect(seen).toEqual(['errback'])
  })

  it('D04 values pass errback-only levels, Failures pass callback-only levels', () => {
    const d = new Deferred<number>()
    const seen: unknown[] = []
    d.addErrback(() => seen.push('never'))
    d.addCallback((x) => seen.push(x))
    d.callback(3)
    expect(seen).toEqual([3])

    const failure = new Failure(boom)
    const f = new Deferred<number>()
    f.addCallback(() => seen.push('never')).addErrback((got) => seen.push(got))
    f.errback(failure)
    expect(seen[1]).toBe(failure)
    expect(seen).toHaveLength(2)
  })

  it('D04 an errback that returns normally switches back to the callback side', () => {
    const d = fail(boom).addErrback(() => 'mended')
    expect(resultOf(d)).toBe('mended')
    const nothing = fail(boom).addErrback(() => {})
    expect(resultOf(nothing)).toBe(undefined)
  })

  it('D05 returning a Failure equals throwing it, and the identical object reaches the next errback', () => {
    const failure = new Failure(boom)
    expect(failureOf(succeed(1).addCallback(() => failure))).toBe(failure)
    const thrown = succeed(1).addCallback(() => {
      throw failure
    })
    expect(failureOf(thrown)).toBe(failure)
    expect(failureOf(fail(failure).addErrback((f) => f))).toBe(failure)
    expect(failureOf(fail(failure).addErrback((f) => f.raiseException()))).toBe(failure)
  })

  it('D06 callback(failure) goes down the errback side', () => {
    const failure = new Failure(boom)
    const d = new Deferred<number>()
    d.callback(failure)
    expect(failureOf(d)).toBe(failure)
    expect(failureOf(succeed(failure))).toBe(failure)
  })

  it('D07 errback wraps what is no Failure', () => {
    const d = new Deferred()
    d.errback(boom)
    expect(failureOf(d).value).toBe(boom)
    const text = new Deferred()
    text.errback('a reason')
    const failure = failureOf(text)
    expect(failure.value).toBeInstanceOf(Error)
    expect(failure.value.cause).toBe('a reason')
  })

  it('D07 errback() with no argument throws TypeError and leaves the Deferred unfired', () => {
    const d = new Deferred<number>()
    expect(() => (d.errback as unknown as () => void)()).toThrow(TypeError)
    expect(d.called).toBe(false)
    expect(() => d.errback(succeed(1))).toThrow(TypeError)
    expect(() => (fail as unknown as () => void)()).toThrow(TypeError)
    d.callback(4)
    expect(resultOf(d)).toBe(4)
  })

  it('D08 any second firing throws AlreadyCalledError, and the first result stands', () => {
    const d = new Deferred<number>()
    d.callback(1)
    expect(() => d.callback(2)).toThrow(AlreadyCalledError)
    expect(() => d.errback(boom)).toThrow(AlreadyCalledError)
    expect(d.result).toBe(1)
    const e = new Deferred<number>()
    e.errback(boom)
    expect(() => e.callback(2)).toThrow(AlreadyCalledError)
    expect(() => e.errback(new Error('other'))).toThrow(AlreadyCalledError)
    expect(failureOf(e).value).toBe(boom)
  })

  it('passes further arguments to callbacks and errbacks', () => {
    const seen: unknown[] = []
    const d = new Deferred<number>()
    d.addCallback((x, y: number, z: string) => `${x}${y}${z}`, 2, 'c')
    d.addCallbacks((x, y) => `${x}${y}`, undefined, ['d'])
    d.addBoth((x, y: string) => seen.push(x, y), 'both')
    d.callback(1)
    expect(seen).toEqual(['12cd', 'both'])
    const args: unknown[] = ['late']
    const f = new Deferred<number>()
    f.addCallbacks(() => 0, (failure, word) => `${failure.getErrorMessage()} ${word}`, [], args)
    args[0] = 'changed'
    f.addErrback((_failure, x: number) => x, 1)
    f.errback(boom)
    expect(resultOf(f)).toBe('boom late')
    expect(resultOf(fail(boom).addErrback((failure, a: number, b: number) => [failure.value, a, b], 1, 2))).toEqual([
      boom,
      1,
      2,
    ])
  })

  it('refuses callbacks that are no functions, and lets what is missing pass', () => {
    const d = new Deferred<any>()
    expect(() => d.addCallback(5 as never)).toThrow(TypeError)
    expect(() => d.addErrback('x' as never)).toThrow(TypeError)
    expect(() => d.addBoth(undefined as never)).toThrow(TypeError)
    expect(() => d.addCallback({} as never, 1)).toThrow(TypeError)
    expect(() => d.addBoth({} as never, 1)).toThrow(TypeError)
    expect(() => d.addCallbacks(() => 1, 7 as never)).toThrow(TypeError)
    d.addCallbacks(undefined, () => 'mended')
    d.addCallbacks(null, null as never)
    d.callback(1)
    expect(resultOf(d)).toBe(1)
  })

  it('keeps many levels in order, also beyond the room made at first', () => {
    for (const count of [1, 2, 3, 4, 5, 8, 100]) {
      const d = new Deferred<number[]>()
      for (let i = 0; i < count; i++) d.addCallback((list) => [...list, i])
      d.callback([])
      expect(d.result).toEqual(Array.from({ length: count }, (_, i) => i))
    }
  })

  it('calls callbacks without a this', () => {
    let self: unknown = 'unset'
    succeed(1).addCallback(function (this: unknown) {
      self = this
    })
    expect(self).toBe(undefined)
  })
})

describe('returning a Deferred from a callback', () => {
  it('D10 the outer stays called, waits, and goes on with the inner value', () => {
    const inner = new Deferred<string>()
    const seen: unknown[] = []
    const outer = succeed(1).addCallback(() => inner)
    outer.addCallback((value) => seen.push(value))
    expect(outer.called).toBe(true)
    expect(outer.result).toBe(inner)
    expect(seen).toEqual([])
    inner.callback('in')
    expect(seen).toEqual(['in'])
  })

  it('D10 what is added to the inner after that sees undefined', () => {
    const inner = new Deferred<string>()
    const outer = succeed(1).addCallback(() => inner)
    const seen: unknown[] = []
    inner.addCallback((value) => void seen.push(value))
    inner.callback('in')
    inner.addCallback((value) => void seen.push(value))
    expect(seen).toEqual([undefined, undefined])
    expect(resultOf(outer)).toBe('in')
  })

  it('D10 also when the inner fails', () => {
    const inner = new Deferred<string>()
    const outer = succeed(1).addCallback(() => inner)
    const failure = new Failure(boom)
    inner.errback(failure)
    expect(inner.result).toBe(undefined)
    expect(failureOf(outer)).toBe(failure)
  })

  it('D11 a returned Deferred that has fired is taken over synchronously', () => {
    const inner = succeed('now')
    const outer = succeed(1).addCallback(() => inner)
    expect(outer.result).toBe('now')
    expect(inner.result).toBe(undefined)
  })

  it('D12 one that has failed: the Failure moves to the outer', () => {
    const failure = new Failure(boom)
    const inner = fail(failure)
    const outer = succeed(1).addCallback(() => inner)
    expect(outer.result).toBe(failure)
    expect(inner.result).toBe(undefined)
    expect(failureOf(outer)).toBe(failure)
  })

  it('D13 one that has a result but is paused: the outer waits for its unpause', () => {
    const inner = succeed('held')
    inner.pause()
    const outer = succeed(1).addCallback(() => inner)
    const seen: unknown[] = []
    outer.addCallback((value) => seen.push(value))
    expect(seen).toEqual([])
    inner.unpause()
    expect(seen).toEqual(['held'])
  })

  it('D14 pause twice needs two unpause', () => {
    const d = new Deferred<number>()
    const seen: unknown[] = []
    d.addCallback((x) => seen.push(x))
    d.pause()
    d.pause()
    d.callback(1)
    d.unpause()
    expect(seen).toEqual([])
    d.unpause()
    expect(seen).toEqual([1])
  })

  it('D14 pause holds back what is added to a fired Deferred', () => {
    const d = succeed(1)
    const seen: unknown[] = []
    d.pause()
    d.addCallback((x) => seen.push(x))
    expect(seen).toEqual([])
    d.unpause()
    expect(seen).toEqual([1])
  })

  it('D14 pause from inside a running callback does not stop the rest of that run', () => {
    const d = new Deferred<number>()
    const seen: unknown[] = []
    d.addCallback((x) => {
      d.pause()
      return x
    })
    d.addCallback((x) => seen.push(x))
    d.callback(1)
    expect(seen).toEqual([1])
    d.addCallback(() => seen.push('later'))
    expect(seen).toEqual([1])
    d.unpause()
    expect(seen).toEqual([1, 'later'])
  })

  it('D14 unpause without a pause throws', () => {
    const d = new Deferred<number>()
    expect(() => d.unpause()).toThrow(/not paused/)
    const waiting = succeed(1).addCallback(() => d)
    expect(() => waiting.unpause()).toThrow(/not paused/)
    d.callback(2)
    expect(resultOf(waiting)).toBe(2)
  })

  it('D15 an outer paused while it waits goes on only after its own unpause, with the inner value', () => {
    const inner = new Deferred<string>()
    const outer = succeed(1).addCallback(() => inner)
    const seen: unknown[] = []
    outer.addCallback((value) => seen.push(value))
    inner.addCallback((value) => seen.push(value))
    outer.pause()
    inner.callback('in')
    expect(seen).toEqual([undefined])
    expect(outer.result).toBe('in')
    outer.unpause()
    expect(seen).toEqual([undefined, 'in'])
  })

  it('D15 unpaused before the inner fires: it still waits', () => {
    const inner = new Deferred<string>()
    const outer = succeed(1).addCallback(() => inner)
    const seen: unknown[] = []
    outer.addCallback((value) => seen.push(value))
    outer.pause()
    outer.unpause()
    expect(seen).toEqual([])
    inner.callback('in')
    expect(seen).toEqual(['in'])
  })

  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]
  it.each(orders)('D16 a ← b ← c gives a the value of c, fired in the order %i %i %i', (...order) => {
    const [a, b, c] = [new Deferred<any>(), new Deferred<any>(), new Deferred<any>()]
    a.addCallback(() => b)
    b.addCallback(() => c)
    const seen: unknown[] = []
    a.addCallback((value) => seen.push(value))
    for (const index of order) [a, b, c][index].callback(`value ${index}`)
    expect(seen).toEqual(['value 2'])
  })

  it.each(orders)('D16 and the Failure of c, fired in the order %i %i %i', (...order) => {
    const [a, b, c] = [new Deferred<any>(), new Deferred<any>(), new Deferred<any>()]
    const failure = new Failure(boom)
    a.addCallback(() => b)
    b.addCallback(() => c)
    const seen: unknown[] = []
    a.addErrback((got) => seen.push(got))
    for (const index of order) [a, b, c][index].callback(index === 2 ? failure : index)
    expect(seen).toEqual([failure])
  })

  it('D17 the inner remaining callbacks run, and may transform, before the outer goes on', () => {
    const inner = new Deferred<number>()
    inner.addCallback((x) => x + 1)
    const outer = succeed(0).addCallback(() => inner)
    const order: string[] = []
    const early = new Deferred<number>()
    early.addCallback((x) => {
      order.push('inner')
      return x * 2
    })
    const late = succeed(0).addCallback(() => early)
    late.addCallback((x) => order.push(`outer ${x}`))
    early.callback(21)
    inner.callback(1)
    expect(resultOf(outer)).toBe(2)
    expect(order).toEqual(['inner', 'outer 42'])
  })

  it('D17 a Deferred returned while one of its own callbacks runs is waited for', () => {
    const inner = new Deferred<number>()
    const outer = new Deferred<number>()
    const seen: unknown[] = []
    outer.addCallback(() => inner).addCallback((x) => seen.push(x))
    inner.addCallback((x) => {
      outer.callback(0)
      return x + 1
    })
    inner.addCallback((x) => x * 10)
    inner.callback(1)
    expect(seen).toEqual([20])
  })

  it('D18 one unfired Deferred returned to two outers: the first gets the value, the second undefined', () => {
    const inner = new Deferred<string>()
    const seen: unknown[] = []
    succeed(1).addCallback(() => inner).addCallback((x) => seen.push(['first', x]))
    succeed(1).addCallback(() => inner).addCallback((x) => seen.push(['second', x]))
    inner.callback('v')
    expect(seen).toEqual([
      ['first', 'v'],
      ['second', undefined],
    ])
  })

  it('D19 a callback that returns its own Deferred fails the chain with TypeError', () => {
    const d = new Deferred<any>()
    d.addCallback(() => d)
    d.callback(1)
    expect(failureOf(d).value).toBeInstanceOf(TypeError)
    const e: Deferred<any> = fail(boom)
    e.addErrback(() => e)
    expect(failureOf(e).value).toBeInstanceOf(TypeError)
  })

  it('a callback added to the inner by the outer runs at once: the inner has nothing in progress', () => {
    const inner = new Deferred<string>()
    const order: unknown[] = []
    succeed(1).addCallback(() => inner).addCallback((value) => {
      inner.addCallback((left) => order.push(['inner', left]))
      order.push(['outer', value])
    })
    inner.callback('v')
    expect(order).toEqual([
      ['inner', undefined],
      ['outer', 'v'],
    ])
  })

  it('an inner that the outer pauses goes on only after its unpause', () => {
    const inner = new Deferred<string>()
    const order: unknown[] = []
    succeed(1).addCallback(() => inner).addCallback(() => {
      inner.pause()
      order.push('outer')
    })
    inner.addCallback(() => void order.push('inner'))
    inner.callback('v')
    expect(order).toEqual(['outer'])
    inner.unpause()
    expect(order).toEqual(['outer', 'inner'])
  })

  it('a Deferred that waits lets go of the callbacks that have run', async () => {
    const references: WeakRef<object>[] = []
    const inner = new Deferred<number>()
    const outer = new Deferred<number>()
    const make = (): void => {
      const big = (): number => 1
      references.push(new WeakRef(big))
      outer.addCallback(big)
    }
    make()
    outer.addCallback(() => inner).addCallback((x) => x + 1)
    outer.callback(0)
    await collect(() => references[0].deref() === undefined)
    expect(references[0].deref()).toBe(undefined)
    inner.callback(1)
    expect(resultOf(outer)).toBe(2)
  })

  it('an errback that returns a Deferred waits for it', () => {
    const inner = new Deferred<string>()
    const outer = fail(boom).addErrback(() => inner)
    inner.callback('mended')
    expect(resultOf(outer)).toBe('mended')
  })
})

describe('chainDeferred', () => {
  it('D29 the other gets the result, its own becomes undefined', () => {
    const d1 = new Deferred<number>()
    const d2 = new Deferred<number>()
    d1.chainDeferred(d2)
    const seen: unknown[] = []
    d1.addCallback((x) => seen.push(x))
    d1.callback(5)
    expect(seen).toEqual([undefined])
    expect(resultOf(d2)).toBe(5)
  })

  it('D29 a Failure too', () => {
    const d1 = new Deferred<number>()
    const d2 = new Deferred<number>()
    d1.chainDeferred(d2)
    const failure = new Failure(boom)
    d1.errback(failure)
    expect(d1.result).toBe(undefined)
    expect(failureOf(d2)).toBe(failure)
  })

  it('D29 if the other had fired, this ends in AlreadyCalledError', () => {
    const d2 = succeed(1)
    const d1 = new Deferred<number>()
    d1.chainDeferred(d2)
    d1.callback(5)
    expect(failureOf(d1).value).toBeInstanceOf(AlreadyCalledError)
    expect(d2.result).toBe(1)
  })

  it('D29 chained after firing, and to a paused one', () => {
    const d2 = new Deferred<number>()
    const seen: unknown[] = []
    d2.addCallback((x) => seen.push(x))
    d2.pause()
    succeed(3).chainDeferred(d2)
    expect(d2.called).toBe(true)
    expect(seen).toEqual([])
    d2.unpause()
    expect(seen).toEqual([3])
  })

  it('D29 the whole chain of the other runs before the rest of its own', () => {
    const order: string[] = []
    const d2 = new Deferred<number>()
    d2.addCallback(() => order.push('d2 a')).addCallback(() => order.push('d2 b'))
    const d1 = new Deferred<number>()
    d1.chainDeferred(d2).addCallback(() => order.push('d1'))
    d1.callback(0)
    expect(order).toEqual(['d2 a', 'd2 b', 'd1'])
  })

  it('D29 a cancelled other swallows the one result', () => {
    const d1 = new Deferred<number>()
    const d2 = new Deferred<number>()
    d1.chainDeferred(d2)
    d2.cancel()
    failureOf(d2)
    d1.callback(1)
    expect(d1.result).toBe(undefined)
  })

  it('refuses what is no Deferred', () => {
    expect(() => new Deferred().chainDeferred({} as never)).toThrow(TypeError)
  })
})

describe('String(d)', () => {
  it('D40 says what it waits for, or its current result', () => {
    const d = new Deferred<any>()
    expect(String(d)).toBe('<Deferred not fired>')
    const outer = succeed(1).addCallback(() => d)
    expect(String(outer)).toBe('<Deferred waiting on <Deferred not fired>>')
    d.callback('text')
    expect(String(outer)).toBe('<Deferred current result: "text">')
    outer.pause()
    expect(String(outer)).toBe('<Deferred paused, current result: "text">')
    const failed = fail(new RangeError('far'))
    expect(String(failed)).toBe('<Deferred current result: [Failure RangeError: far]>')
    failureOf(failed)
    expect(String(succeed(Object.create(null)))).toBe('<Deferred current result: (object)>')
    expect(String(succeed('x'.repeat(1000))).length).toBeLessThan(300)
  })
})
