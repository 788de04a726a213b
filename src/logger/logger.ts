/**
 * Logger: how a part of the program tells what happens.
 *
 * Owns: one method per level, and the making of events. Must not know: who listens.
 * Source: `twisted.logger.Logger`.
 */
import type { Failure } from '../defer/failure.js'
import type { LogFields, LogLevel } from './event.js'
import { logPublisher, logTime } from './publisher.js'

/** Speaks for one namespace. */
export class Logger {
  /** Stands in each event: `whorl.reactor`, `my.server`, … */
  readonly namespace: string

  constructor(namespace: string) {
    this.namespace = namespace
  }

  debug(message: string, fields?: LogFields): void {
    this.#emit('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#emit('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#emit('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#emit('error', message, fields)
  }

  critical(message: string, fields?: LogFields): void {
    this.#emit('critical', message, fields)
  }

  /** Tells of an error, at critical level, with the failure in the event. */
  failure(message: string, failure: Failure, fields?: LogFields): void {
    this.#emit('critical', message, fields, failure)
  }

  #emit(level: LogLevel, message: string, fields: LogFields | undefined, failure?: Failure): void {
    const event = { ...fields, time: logTime(), level, namespace: this.namespace, message }
    logPublisher.publish(failure === undefined ? event : { ...event, failure })
  }
}
