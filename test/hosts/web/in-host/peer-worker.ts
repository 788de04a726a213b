/**
 * The far ends of message ports and channels: a worker that has every behaviour of PEERS.
 */
import { BroadcastServerEndpoint, createReactor, loadCore, MessagePortServerEndpoint } from 'whorl/web'
import { PEERS } from '../../../contract/contract.js'
import { PeerFactory } from '../../../contract/peers.js'

// What is asked before the core is there waits in the port of this worker: nothing listens yet.
const early: MessageEvent[] = []
const keep = (event: MessageEvent): void => void early.push(event)
addEventListener('message', keep)

async function main(): Promise<void> {
  await loadCore()
  const reactor = createReactor()
  for (const peer of PEERS) {
    await new BroadcastServerEndpoint(reactor, `peer-${peer}`).listen(new PeerFactory(reactor, peer))
    await new MessagePortServerEndpoint(reactor, self, { name: peer }).listen(new PeerFactory(reactor, peer))
  }
  removeEventListener('message', keep)
  for (const { data, ports } of early) dispatchEvent(new MessageEvent('message', { data, ports: [...ports] }))
}

void main()
