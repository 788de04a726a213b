/**
 * The public surface: what `src/index.ts` leaves out of a folder's index is internal on purpose, and listed here.
 */
import { describe, expect, it } from 'vitest'
import * as surface from '../../src/index.js'
import * as defer from '../../src/defer/index.js'
import * as endpoints from '../../src/endpoints/index.js'
import * as errors from '../../src/errors/index.js'
import * as http from '../../src/http/index.js'
import * as logger from '../../src/logger/index.js'
import * as protocols from '../../src/protocols/index.js'
import * as policies from '../../src/protocols/policies/index.js'
import * as reactor from '../../src/reactor/index.js'
import * as testing from '../../src/testing/index.js'
import * as websocket from '../../src/websocket/index.js'

const FOLDERS = { defer, endpoints, errors, logger, policies, protocols, reactor }

/** What an application protocol's subpath exports, and `whorl` itself does not. */
const elsewhere = (name: string): boolean => name in http || name in websocket || name in testing

/** For bindings, and for the layers among themselves. */
const INTERNAL = [
  'bindContext', 'endTurn', 'setContextPort', 'setContextStart', 'setProgramEnd', 'setTurnEnd',
  'LogPublisher', 'setFallbackSink', 'setLogClock',
  'FramedProtocol', 'IntNStringReceiver',
  'DelayedCall', 'Reactor', 'ReactorBase', 'TurnQueue',
]

describe('the public surface', () => {
  it.each(Object.entries(FOLDERS))('has the names of %s', (_folder, names) => {
    const missing = Object.keys(names).filter((name) =>
      !(name in surface) && !elsewhere(name) && !INTERNAL.includes(name))
    expect(missing).toEqual([])
  })

  it('gives nothing internal away, and lists nothing that is gone', () => {
    const all = Object.values(FOLDERS).flatMap((names) => Object.keys(names))
    expect(INTERNAL.filter((name) => name in surface)).toEqual([])
    expect(INTERNAL.filter((name) => !all.includes(name))).toEqual([])
  })
})
