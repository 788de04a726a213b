/**
 * Logging, by name. Owns nothing but the list.
 */
export { formatEvent } from './event.js'
export type { LogEvent, LogFields, LogLevel, LogObserver } from './event.js'
export { Logger } from './logger.js'
export { logPublisher, LogPublisher, setFallbackSink, setLogClock } from './publisher.js'
