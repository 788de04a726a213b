/**
 * What becomes of Failures that nobody handles. Deferreds are made in functions of their own, so that no
 * reference to them is left on the stack when the garbage is collected.
 */
import { afterEach, describe, expect, it } from 'vitest'
import {
  Deferred,
  DeferredList,
  endTurn,
  fail,
  Failure,
  gatherResults,
  inlineCallbacks,
  maybeDeferred,
  race,
  setDebugging,
  setProgramEnd,
  setTurnEnd,
  setUnhandledPolicy,
  succeed,
} from '../../../src/defer/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { collect, logged } from './helpers.js'

/** What is logged about Deferreds that `make` made and dropped; `expected` of them, or more, are waited for. */
async function reports(make: () => unknown, expected = 0): Promise<LogEvent[]> {
  return logged(async (events) => {
    await make()
    await collect(() => events.length >= expected)
  })
}

function messages(events: LogEvent[]): (string | undefined)[] {
  return events.map((event) => event.failure?.getErrorMessage())
}

afterEach(() => {
  setUnhandledPolicy('log')
  setTurnEnd()
  setProgramEnd()
  setDebugging(false)
})

describe('reported when collected', () => {
  it('D20 once, at critical level, and nothing at failure time', async () => {
    let early = -1
    const events = await reports(async () => {
      const seen: LogEvent[] = await logged(() => void fail(new Error('left')))
      early = seen.length
    }, 1)
    expect(early).toBe(0)
    expect(events.map((event) => [event.level, event.namespace])).toEqual([['critical', 'whorl.defer']])
    expect(messages(events)).toEqual(['left'])
  })

  it('D20 whatever way it came to fail', async () => {
    const events = await reports(() => {
      new Deferred().errback(new Error('errback'))
      new Deferred<unknown>().callback(new Failure(new Error('callback')))
      succeed(1).addCallback(() => {
        throw new Error('thrown')
      })
      succeed(1).addCallback(() => new Failure(new Error('returned')))
      maybeDeferred(() => {
        throw new Error('maybe')
      })
      new Deferred().cancel()
      inlineCallbacks(function* () {
        throw new Error('generator')
      })()
      fail(new Error('first')).addErrback(() => {
        throw new Error('second')
      })
    }, 8)
    const ways = ['errback', 'callback', 'thrown', 'returned', 'maybe', 'generator', 'second']
    expect(messages(events).sort()).toEqual([...ways, 'The operation was cancelled.'].sort())
  })

  it('D20 nothing if an errback came before collection', async () => {
    const events = await reports(async () => {
      const d = fail(new Error('taken later'))
      d.addCallback(() => 'skipped')
      await collect()
      d.addErrback(() => 'taken')
    })
    expect(events).toEqual([])
  })

  it('D20 nothing for Deferreds that are still there', async () => {
    const kept = fail(new Error('kept'))
    expect(await reports(() => {})).toEqual([])
    kept.addErrback(() => {})
  })

  it('D20 nothing for success', async () => {
    expect(await reports(() => succeed(1).addCallback(() => 2))).toEqual([])
  })

  it('a Failure that a paused Deferred never got to is reported too', async () => {
    const events = await reports(() => {
      const d = new Deferred().addErrback(() => 'never called')
      d.pause()
      d.errback(new Error('paused'))
    }, 1)
    expect(messages(events)).toEqual(['paused'])
  })

  it('D15 D20 so is one that moved to an outer that was paused while it waited', async () => {
    const events = await reports(() => {
      const inner = new Deferred()
      const outer = succeed(1).addCallback(() => inner)
      outer.pause()
      inner.errback(new Error('held'))
    }, 1)
    expect(messages(events)).toEqual(['held'])
  })

  it('D13 D21 one that a pause held back is not reported by its first holder once it moved on', async () => {
    const events = await reports(async () => {
      const [inner, linked, target] = [new Deferred(), new Deferred(), new Deferred().addErrback(() => {})]
      const outer = succeed(1).addCallback(() => inner).addErrback(() => {})
      linked.chainDeferred(target)
      for (const d of [inner, linked]) {
        d.pause()
        d.errback(new Error('held'))
      }
      await collect()
      inner.unpause()
      linked.unpause()
      expect([outer.result, target.result]).toEqual([undefined, undefined])
    })
    expect(messages(events)).toEqual([])
  })

  it('D12 D21 after a Failure moved to an outer, only the outer reports', async () => {
    const events = await reports(() => {
      succeed(1).addCallback(() => fail(new Error('fired before')))
      const inner = new Deferred()
      succeed(1).addCallback(() => inner)
      inner.errback(new Error('fired after'))
      const [d1, d2] = [new Deferred(), new Deferred()]
      d1.chainDeferred(d2)
      d1.errback(new Error('chained'))
    }, 3)
    expect(messages(events).sort()).toEqual(['chained', 'fired after', 'fired before'])
  })

  it('D21 and nobody if the outer handled it', async () => {
    const events = await reports(() => {
      succeed(1).addCallback(() => fail(new Error('x'))).addErrback(() => {})
      const inner = new Deferred()
      succeed(1).addCallback(() => inner).addErrback(() => {})
      inner.errback(new Error('y'))
    })
    expect(events).toEqual([])
  })

  it('D40 await counts as handling the Failure, and so does asking for a promise', async () => {
    const events = await reports(async () => {
      const awaited = await fail(new Error('awaited')).then(undefined, (error: Error) => error.message)
      expect(awaited).toBe('awaited')
      try {
        await fail(new Error('thrown'))
      } catch (error) {
        expect((error as Error).message).toBe('thrown')
      }
      const later = new Deferred()
      const caught = later.catch(() => 'caught')
      later.errback(new Error('later'))
      later.addCallback(() => 'skipped')
      await caught
    })
    expect(events).toEqual([])
  })

  it('D40 but what fails after that is a new Failure', async () => {
    const events = await reports(async () => {
      const d = fail(new Error('seen'))
      await d.catch(() => {})
      d.addErrback(() => {
        throw new Error('new')
      })
    }, 1)
    expect(messages(events)).toEqual(['new'])
  })

  it('D31 the children of a list report their own, unless it consumes them', async () => {
    const events = await reports(() => {
      new DeferredList([fail(new Error('left to the child'))])
      new DeferredList([fail(new Error('consumed'))], { consumeErrors: true })
      gatherResults([fail(new Error('gathered'))], { consumeErrors: true }).addErrback(() => {})
      race([fail(new Error('raced')), succeed(1)])
    }, 1)
    expect(messages(events)).toEqual(['left to the child'])
  })

  it('with debugging on, the report tells where it was created and where it was fired', async () => {
    setDebugging(true)
    const events = await reports(() => {
      function madeHere(): Deferred<void> {
        return new Deferred<void>()
      }
      function firedHere(d: Deferred<void>): void {
        d.errback(error)
      }
      const error = new Error('with story')
      firedHere(madeHere())
    }, 1)
    const text = events[0].failure!.getTraceback()
    expect(text).toMatch(/The Deferred was created:[^]*madeHere[^]*It was first fired:[^]*firedHere/)
  })

  it('a Failure does not keep its Deferred alive', async () => {
    let failure: Failure | undefined
    const references: WeakRef<object>[] = []
    const make = (): void => {
      const d = fail(new Error('kept by hand'))
      failure = d.result as Failure
      references.push(new WeakRef(d))
    }
    const events = await reports(make, 1)
    expect(references[0].deref()).toBe(undefined)
    expect(events.map((event) => event.failure)).toEqual([failure])
  })
})

describe('reported when the program ends', () => {
  /** The end of the program, for what is left from now on. */
  function programEnd(): { end: () => void, subscribers: () => number } {
    const subscribed: (() => void)[] = []
    setProgramEnd((fn) => void subscribed.push(fn))
    return { end: () => subscribed.forEach((fn) => fn()), subscribers: () => subscribed.length }
  }

  it('D20 what is still unhandled, once, in the order it was left, and not again at collection', async () => {
    const { end, subscribers } = programEnd()
    const kept: Deferred<any>[] = []
    const events = await reports(async () => {
      fail(new Error('dropped'))
      kept.push(fail(new Error('kept')), fail(new Error('handled later')), new Deferred())
      await Promise.resolve()
      kept[1].addErrback(() => {})
      kept[2].cancel()
      end()
      end()
    })
    expect(messages(events)).toEqual(['dropped', 'kept', 'The operation was cancelled.'])
    expect(events.map((event) => event.level)).toEqual(Array(3).fill('critical'))
    expect(subscribers()).toBe(1)
    kept[0].addErrback(() => {})
  })

  it('D20 nothing if all was handled, or reported before; nobody is subscribed without a failure', async () => {
    const { end, subscribers } = programEnd()
    expect(await reports(() => succeed(1))).toEqual([])
    expect(subscribers()).toBe(0)
    expect(messages(await reports(() => void fail(new Error('collected')), 1))).toEqual(['collected'])
    fail(new Error('handled')).addErrback(() => {})
    expect(await logged(end)).toEqual([])
  })

  it('a function is asked, first at the end of the turn that was not over', async () => {
    const { end } = programEnd()
    const asked: [string, boolean][] = []
    setTurnEnd(() => undefined)
    setUnhandledPolicy((failure, deferred) => {
      asked.push([failure.getErrorMessage(), deferred instanceof Deferred])
      if (failure.getErrorMessage() === 'taken') deferred?.addErrback(() => {})
    })
    const events = await logged(() => {
      fail(new Error('left'))
      fail(new Error('taken'))
      end()
    })
    expect(asked).toEqual([['left', true], ['taken', true], ['left', false]])
    expect(events).toEqual([])
  })

  it("'throw' logs: nobody is left to throw to", async () => {
    const { end } = programEnd()
    setTurnEnd(() => undefined)
    setUnhandledPolicy('throw')
    expect(messages(await reports(() => {
      fail(new Error('left'))
      end()
    }, 1))).toEqual(['left'])
  })

  it('an observer that leaves a failure for each that it is told of comes to an end', async () => {
    const { end } = programEnd()
    let told = 0
    const observer = (): void => {
      if (told++ < 10_000) fail(new Error('again'))
    }
    for (let i = 0; i < 1000; i++) fail(new Error('first'))
    logPublisher.addObserver(observer)
    end()
    logPublisher.removeObserver(observer)
    expect(told).toBe(1000)
    await logged(end)
  })
})

describe('setUnhandledPolicy', () => {
  it('a function is asked about each of any number', () => {
    const ends: (() => void)[] = []
    setTurnEnd((fn) => void ends.push(fn))
    let asked = 0
    setUnhandledPolicy((_failure, deferred) => {
      asked++
      deferred?.addErrback(() => {})
    })
    for (let i = 0; i < 10_000; i++) {
      fail(new Error('left'))
      fail(new Error('taken')).addErrback(() => {})
    }
    expect(ends).toHaveLength(1)
    ends[0]()
    expect(asked).toBe(10_000)
  })

  it('a function is asked at the end of the turn, with the Deferred, and again at collection, without it', async () => {
    const asked: [string, boolean][] = []
    setUnhandledPolicy((failure, deferred) => {
      asked.push([failure.getErrorMessage(), deferred instanceof Deferred])
    })
    const events = await reports(() => {
      fail(new Error('left'))
      endTurn()
      endTurn()
    })
    expect(asked).toEqual([
      ['left', true],
      ['left', false],
    ])
    expect(events).toEqual([])
  })

  it('where no host tells when a turn ends, it is asked some promise jobs later', async () => {
    const asked: string[] = []
    setUnhandledPolicy((failure, deferred) => {
      asked.push(failure.getErrorMessage())
      deferred?.addErrback(() => {})
    })
    fail(new Error('left'))
    const message = await (async () => {
      await Promise.resolve()
      return fail(new Error('awaited'))
    })().catch((error: Error) => error.message)
    expect([asked, message]).toEqual([[], 'awaited'])
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toEqual(['left'])
  })

  it('a host is asked once for each turn that left something, and told what to call', () => {
    const asked: string[] = []
    const ends: (() => void)[] = []
    setTurnEnd((fn) => void ends.push(fn))
    setUnhandledPolicy((failure, deferred) => {
      asked.push(failure.getErrorMessage())
      deferred?.addErrback(() => {})
    })
    fail(new Error('one'))
    fail(new Error('two'))
    expect(ends).toHaveLength(1)
    ends[0]()
    expect(asked).toEqual(['one', 'two'])
    fail(new Error('three')).addErrback(() => {})
    expect(ends).toHaveLength(2)
    ends[1]()
    expect(asked).toHaveLength(2)
  })

  it('and not about what was handled in the same turn, or by the function itself', async () => {
    const asked: string[] = []
    setUnhandledPolicy((failure, deferred) => {
      asked.push(failure.getErrorMessage())
      deferred?.addErrback(() => {})
    })
    const events = await reports(() => {
      const d = fail(new Error('handled'))
      d.addErrback(() => {})
      fail(new Error('left'))
      endTurn()
    })
    expect(asked).toEqual(['left'])
    expect(events).toEqual([])
  })

  it('a function that throws: both errors are logged', async () => {
    setUnhandledPolicy(() => {
      throw new Error('policy')
    })
    const d = fail(new Error('left'))
    const events = await logged(() => endTurn())
    expect(events).toHaveLength(2)
    expect((events[0]['error'] as Error).message).toBe('policy')
    expect(events[1].failure?.getErrorMessage()).toBe('left')
    d.addErrback(() => {})
  })

  it("'throw' throws the first at the end of the turn, logs the others, and is silent at collection", async () => {
    setUnhandledPolicy('throw')
    const events = await reports(() => {
      fail(new Error('one'))
      fail(new Error('two'))
      expect(() => endTurn()).toThrow('one')
      expect(() => endTurn()).not.toThrow()
    })
    expect(messages(events)).toEqual(['two'])
  })

  it("'log' says nothing at the end of the turn", async () => {
    const d = fail(new Error('left'))
    expect(await logged(() => endTurn())).toEqual([])
    d.addErrback(() => {})
  })

  it('returns what was set before, and refuses anything else', () => {
    expect(setUnhandledPolicy('throw')).toBe('log')
    expect(setUnhandledPolicy('log')).toBe('throw')
    expect(() => setUnhandledPolicy('crash' as never)).toThrow(TypeError)
  })
})
