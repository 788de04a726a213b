/** A recording and its replay, as the testing guide shows them. */
import { createReactor, Factory, LineReceiver } from 'whorl'
import type { IListeningPort, IReactorTCP, IReactorWallClock } from 'whorl'
import { recordTo, Replay } from 'whorl/testing'
import type { ReplayReport } from 'whorl/testing'

/** Adds up numbers; `total` says what they come to. */
export class Till extends LineReceiver {
  total = 0

  override lineReceived(line: string): void {
    if (line === 'total') this.sendLine(`${this.total}`)
    else this.total += Number(line)
  }
}

/** The program: everything that it has to do with the world goes through the reactor that it is given. */
export function serveTill(reactor: IReactorTCP & IReactorWallClock, Kind: typeof Till): IListeningPort {
  return reactor.listenTCP(0, Factory.forProtocol(Kind), { interface: '127.0.0.1' })
}

/** In production: the same program, on a reactor that is recorded. */
export function serveRecorded(file: string) {
  const recording = recordTo(file)
  const reactor = createReactor({ record: recording })
  return { reactor, recording, port: serveTill(reactor, Till) }
}

/** On the desk: the same program again, with what it was told. */
export async function liveThroughAgain(file: string, Kind: typeof Till = Till, goOn = false): Promise<ReplayReport> {
  const replay = new Replay(file, { goOn, installSignalHandlers: false })
  serveTill(replay.reactor, Kind)
  return replay.run()
}
