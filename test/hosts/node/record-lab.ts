/** A program, recorded on real sockets and then replayed; and what it sent in both. */
import { createReactor } from '../../../bindings/node/index.js'
import type { Reactor } from '../../../bindings/node/index.js'
import { recordTo, Replay } from '../../../bindings/node/record.js'
import type { RecordOptions, ReplayOptions, ReplayReport } from '../../../src/testing/record/index.js'
import { joined } from '../../../src/testing/record/recording.js'
import { stopped } from './helpers.js'

/** Sets a program up on a reactor, at once; it writes down what it has to say. */
export type Program<T> = (reactor: Reactor, say: (text: string) => void) => T

export interface Recorded {
  readonly blocks: Uint8Array[]
  readonly said: string[]
}

/** Runs a program until `drive` is through; it gets what the program returned. */
export async function record<T>(
  program: Program<T>, drive: (made: T) => unknown, options: Omit<RecordOptions, 'sink'> = {}): Promise<Recorded> {
  const blocks: Uint8Array[] = []
  const recording = recordTo((block) => void blocks.push(block), options)
  const reactor = createReactor({ installSignalHandlers: false, record: recording })
  const said: string[] = []
  const made = program(reactor, (text) => said.push(text))
  void reactor.run()
  await drive(made)
  recording.stop()
  // The program goes on, unrecorded, until it has stopped.
  const recorded = { blocks, said: [...said] }
  await stopped(reactor)
  return recorded
}

export interface Replayed {
  readonly report: ReplayReport
  readonly said: string[]
  /** What each connection sent, in the order they were made. */
  readonly output: string[]
}

/** Runs it again. */
export async function replay<T>(
  program: Program<T>, recorded: Recorded, options: ReplayOptions = {}): Promise<Replayed> {
  const played = new Replay(recorded.blocks, { installSignalHandlers: false, output: true, ...options })
  const said: string[] = []
  program(played.reactor, (text) => said.push(text))
  void played.reactor.run()
  const report = await played.run()
  const output = played.connections.map((one) => new TextDecoder('latin1').decode(joined(one.output)))
  return { said, report, output }
}
