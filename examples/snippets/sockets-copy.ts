import type { StreamSocket } from 'whorl/socket'

/** Everything that comes from one goes to the other, no faster than that one takes it. */
export async function copy(from: StreamSocket, to: StreamSocket): Promise<number> {
  let copied = 0
  for await (const chunk of from) copied += await to.send(chunk)
  await to.shutdown()
  return copied
}
