import { LimitConnectionsByPeer, ThrottlingFactory, TimeoutFactory, TrafficLoggingFactory } from 'whorl'
import type { IProtocolFactory, IReactorTime, TrafficEntry } from 'whorl'

/** At most 2 connections a peer, a megabyte a second, a minute of silence; and all of it written down. */
export function guarded(
  factory: IProtocolFactory, clock: IReactorTime, sink: (entry: TrafficEntry) => void): IProtocolFactory {
  const throttled = new ThrottlingFactory(factory, { readLimit: 1_000_000, writeLimit: 1_000_000, clock })
  const timed = new TimeoutFactory(throttled, 60_000, { clock })
  const limited = new LimitConnectionsByPeer(timed)
  limited.maxConnectionsPerPeer = 2
  return new TrafficLoggingFactory(limited, { sink })
}
