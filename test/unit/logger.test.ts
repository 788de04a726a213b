import { afterEach, describe, expect, it } from 'vitest'
import { Failure } from '../../src/defer/index.js'
import { formatEvent, Logger, logPublisher, LogPublisher } from '../../src/logger/index.js'
import { setFallbackSink, setLogClock } from '../../src/logger/index.js'
import type { LogEvent } from '../../src/logger/index.js'

const log = new Logger('test.part')

/** The events an observer sees while `body` runs. */
function observed(body: () => void): LogEvent[] {
  const events: LogEvent[] = []
  const observer = (event: LogEvent): void => void events.push(event)
  logPublisher.addObserver(observer)
  body()
  logPublisher.removeObserver(observer)
  return events
}

/** The events the fallback sink sees while `body` runs. */
function fallenBack(body: () => void): LogEvent[] {
  const events: LogEvent[] = []
  setFallbackSink((event) => void events.push(event))
  body()
  setFallbackSink()
  return events
}

afterEach(() => {
  setLogClock()
  // Empties what is held.
  setFallbackSink(() => {})
  setFallbackSink()
})

describe('Logger', () => {
  it('makes an event for each level', () => {
    let now = 1000
    setLogClock(() => now++)
    const events = observed(() => {
      log.debug('d')
      log.info('i', { user: 'ann' })
      log.warn('w')
      log.error('e')
      log.critical('c')
    })
    const common = { namespace: 'test.part' }
    expect(events).toEqual([
      { ...common, time: 1000, level: 'debug', message: 'd' },
      { ...common, time: 1001, level: 'info', message: 'i', user: 'ann' },
      { ...common, time: 1002, level: 'warn', message: 'w' },
      { ...common, time: 1003, level: 'error', message: 'e' },
      { ...common, time: 1004, level: 'critical', message: 'c' },
    ])
  })

  it('failure() is critical and holds the Failure', () => {
    const failure = new Failure(new Error('boom'))
    const [event] = observed(() => log.failure('it broke', failure, { where: 'here' }))
    const common = { time: 0, level: 'critical', namespace: 'test.part' }
    expect(event).toEqual({ ...common, message: 'it broke', where: 'here', failure })
    expect(event.failure).toBe(failure)
  })

  it('fields cannot replace what every event has', () => {
    const failure = new Failure(new Error('boom'))
    const fields = { time: 'x', level: 'x', namespace: 'x', message: 'x', failure: 'x' }
    const [plain, failed] = observed(() => {
      log.info('m', fields)
      log.failure('m', failure, fields)
    })
    expect([plain.time, plain.level, plain.namespace, plain.message]).toEqual([0, 'info', 'test.part', 'm'])
    expect(failed.failure).toBe(failure)
  })
})

describe('logPublisher', () => {
  it('gives each event to every observer, in the order they were added, each once', () => {
    const publisher = new LogPublisher()
    const seen: string[] = []
    const first = (): void => void seen.push('first')
    publisher.addObserver(first)
    publisher.addObserver(() => void seen.push('second'))
    publisher.addObserver(first)
    publisher.publish({ time: 0, level: 'info', namespace: 'n', message: 'm' })
    expect(seen).toEqual(['first', 'second'])
    publisher.removeObserver(first)
    publisher.removeObserver(first)
    publisher.publish({ time: 0, level: 'info', namespace: 'n', message: 'm' })
    expect(seen).toEqual(['first', 'second', 'second'])
  })

  it('an observer that throws is dropped from that event only, and the others get it', () => {
    const seen: string[] = []
    let isBroken = true
    const broken = (event: LogEvent): void => {
      if (isBroken) throw new Error('observer')
      seen.push(`broken ${event.message}`)
    }
    logPublisher.addObserver(broken)
    let told: LogEvent[] = []
    const events = observed(() => {
      told = fallenBack(() => log.info('one'))
      isBroken = false
      log.info('two')
    })
    logPublisher.removeObserver(broken)
    expect(events.map((event) => event.message)).toEqual(['one', 'two'])
    expect(seen).toEqual(['broken two'])
    expect(told.map((event) => [event.level, (event['error'] as Error).message])).toEqual([['error', 'observer']])
  })

  it('observers added or removed while one is called count from the next event', () => {
    const seen: string[] = []
    const late = (event: LogEvent): void => void seen.push(`late ${event.message}`)
    const changing = (event: LogEvent): void => {
      seen.push(`changing ${event.message}`)
      logPublisher.removeObserver(changing)
      logPublisher.addObserver(late)
    }
    logPublisher.addObserver(changing)
    log.info('one')
    log.info('two')
    logPublisher.removeObserver(late)
    expect(seen).toEqual(['changing one', 'late two'])
  })

  it('refuses an observer that is no function', () => {
    expect(() => logPublisher.addObserver({} as never)).toThrow(TypeError)
  })
})

describe('the fallback', () => {
  it('with no observer, warnings and up go there, and nothing else', () => {
    const events = fallenBack(() => {
      log.debug('d')
      log.info('i')
      log.warn('w')
      log.error('e')
      log.critical('c')
    })
    expect(events.map((event) => event.level)).toEqual(['warn', 'error', 'critical'])
  })

  it('with an observer, nothing goes there', () => {
    expect(fallenBack(() => void observed(() => log.critical('c')))).toEqual([])
  })

  it('what came before there was a sink is held for it, and not shown to observers', () => {
    log.info('not grave')
    log.warn('early')
    expect(observed(() => {})).toEqual([])
    expect(fallenBack(() => log.error('late')).map((event) => event.message)).toEqual(['early', 'late'])
    expect(fallenBack(() => {})).toEqual([])
  })

  it('holds the last 64, and says how many were dropped', () => {
    for (let i = 0; i < 100; i++) log.warn(`w${i}`)
    const messages = fallenBack(() => {}).map((event) => event.message)
    expect(messages).toHaveLength(65)
    expect(messages[0]).toContain('36')
    expect([messages[1], messages[64]]).toEqual(['w36', 'w99'])
  })

  it('a sink that throws does no harm', () => {
    setFallbackSink(() => {
      throw new Error('sink')
    })
    expect(() => log.error('e')).not.toThrow()
  })
})

describe('formatEvent', () => {
  it('is one line, with the time if there is one', () => {
    const event: LogEvent = { time: 0, level: 'warn', namespace: 'a.b', message: 'look out' }
    expect(formatEvent(event)).toBe('[warn] a.b: look out')
    expect(formatEvent({ ...event, time: 1_700_000_000_123 })).toBe('2023-11-14T22:13:20.123Z [warn] a.b: look out')
  })

  it('and the traceback of the failure', () => {
    const failure = new Failure(new Error('boom'))
    const text = formatEvent({ time: 0, level: 'critical', namespace: 'a', message: 'm', failure })
    expect(text.startsWith('[critical] a: m\nError: boom\n')).toBe(true)
    expect(text).toContain('logger.test')
  })

  it('survives a time that no calendar has', () => {
    expect(formatEvent({ time: 1e300, level: 'info', namespace: 'a', message: 'm' })).toContain('[info] a: m')
  })
})
