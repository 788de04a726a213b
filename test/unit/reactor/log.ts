/** What was logged while a function ran. */
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'

export async function logged(fn: () => unknown): Promise<LogEvent[]> {
  const events: LogEvent[] = []
  const observe = (event: LogEvent): void => {
    events.push(event)
  }
  logPublisher.addObserver(observe)
  try {
    await fn()
  } finally {
    logPublisher.removeObserver(observe)
  }
  return events
}
