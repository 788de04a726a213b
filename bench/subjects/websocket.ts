/** Subjects: WebSocket. The parts are in files of their own. */
import type { Subject } from '../model.js'
import { websocketCompressed, websocketEcho, websocketIdle } from './websocket-echo.js'
import { unmaskCases } from './websocket-unmask.js'

const websocketFrames: Subject = {
  name: 'websocket-frames',
  title: 'WebSocket frames',
  description: 'Time to take masks off, and for whole messages, from bytes of a socket to bytes in a handler.',
  cases: unmaskCases,
}

export const websocket: readonly Subject[] = [
  websocketFrames, websocketEcho, websocketCompressed, websocketIdle,
]
