/**
 * What a log event is, and how one looks as text.
 *
 * Owns: levels and their order, the event's shape, the text form that sinks print. Must not know: who logs or listens.
 * Source: `twisted.logger`.
 */
import type { Failure } from '../defer/failure.js'

/** How much an event matters, from least to most. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'critical'

/** Further facts about an event, by name. */
export type LogFields = Readonly<Record<string, unknown>>

/** Something that happened. */
export interface LogEvent {
  /** Milliseconds, of the clock given to `setLogClock`; 0 while there is none. */
  readonly time: number
  readonly level: LogLevel
  /** Which part of the program speaks: `whorl.defer`, `my.server`, … */
  readonly namespace: string
  readonly message: string
  /** The error it is about, if it is about one. */
  readonly failure?: Failure
  /** Whatever fields the caller gave; they cannot replace the names above. */
  readonly [field: string]: unknown
}

/** Called with each event; not with those it throws on. */
export type LogObserver = (event: LogEvent) => void

const WEIGHT: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, critical: 4 }

/** True for warnings and what is worse: what must not be lost when nobody listens. */
export function isGrave(level: LogLevel): boolean {
  return WEIGHT[level] >= WEIGHT.warn
}

/** An event as text, without a newline at its end: one line, then the traceback of its failure. */
export function formatEvent(event: LogEvent): string {
  // Not every clock counts from 1970, and not every number is a date: 8.64e15 ms is the last.
  const time = event.time > 0 && event.time <= 8.64e15 ? `${new Date(event.time).toISOString()} ` : ''
  const line = `${time}[${event.level}] ${event.namespace}: ${event.message}`
  return event.failure === undefined ? line : `${line}\n${event.failure.getTraceback()}`
}
