/** Another protocol on a connection of HTTP, as the guide to the HTTP client shows it. */
import type { IProtocol } from 'whorl'
import type { IAgent } from 'whorl/http'

/** Asks a server to speak `name`, and gives the connection to a protocol that does. */
export async function speak(agent: IAgent, url: string, name: string, protocol: IProtocol): Promise<boolean> {
  const response = await agent.request('GET', url, { upgrade: name })
  if (!response.isUpgrade) {
    response.discard()
    return false
  }
  response.switchProtocol(protocol)
  return true
}
