/** Reactors, clocks and time: names only. */

export { Clock } from './clock.js'
export { deferLater } from './defer-later.js'
export { DelayedCall } from './delayed-call.js'
export { LoopAlreadyRunning, LoopNotRunning } from './errors.js'
export { LoopingCall } from './looping-call.js'
export { Reactor } from './reactor.js'
export { ReactorBase } from './reactor-base.js'
export type { ReactorOptions } from './reactor-base.js'
export { TurnQueue } from './turn-queue.js'
export type { Priority } from './turn-queue.js'
