/** All subjects, in the order in which they run. A new subject joins here. */
import type { Subject } from '../model.js'
import { deferred } from './deferred.js'
import { accept, echo, tls, udp, unix } from './echo.js'
import { forward } from './forward.js'
import { hosts } from './hosts.js'
import { chromium } from './hosts-chromium.js'
import { http } from './http.js'
import { idle } from './idle.js'
import { lines } from './lines.js'
import { int32, netstrings } from './prefixed.js'
import { queue } from './queue.js'
import { sim } from './sim.js'
import { timers } from './timers.js'
import { websocket } from './websocket.js'

export const subjects: readonly Subject[] = [
  timers, lines, netstrings, int32, queue, deferred, echo, tls, unix, udp,
  forward, accept, idle, ...http, ...websocket, sim, ...hosts, chromium,
]
