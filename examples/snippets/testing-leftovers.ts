/** Nothing left behind, as the testing guide shows it: with the hooks of node:test. */
import { afterEach, beforeEach, it } from 'node:test'
import { checkNothingLeft, MemoryReactor } from 'whorl/testing'
import { connectBeacon } from './testing-memory.js'

export function tests(): void {
  const { watch } = checkNothingLeft({ beforeEach, afterEach })

  it('connects', () => {
    const reactor = watch(new MemoryReactor())
    connectBeacon(reactor)
    // Without this line the test fails: "an attempt to connect to beacons.example:7777, made at connectBeacon …".
    reactor.tcpClients[0].connector.stopConnecting()
  })
}
