/** A site that is a relay for its own pages. */
import type { IListeningPort } from 'whorl'
import { serve, Site } from 'whorl/http'
import type { Reactor } from 'whorl/node'
import { TunnelRelay } from 'whorl/tunnel'

export async function serveRelay(reactor: Reactor, ircHost: string, token: string): Promise<IListeningPort> {
  const relay = new TunnelRelay({
    allow: [`${ircHost}:6667`, '*.example.com:80,443', '!metrics.example.com:*'],
    origins: 'same',
    authenticate: (given) => given === token,
    limits: { perClient: 8, bytesPerSecond: 1_000_000 },
    timeouts: { idle: 600_000 },
  })
  const site = new Site(() => 'Hello.\n', { reactor }).upgrade('/tunnel', relay)
  return await serve(reactor, 'tcp:0:interface=127.0.0.1', site)
}
