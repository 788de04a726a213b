/** The client of `whorl/http`: names only. */

export {
  InfiniteRedirection, PageError, RedirectError, RequestGenerationFailed, RequestTimeoutError,
  RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived, SchemeNotSupported,
} from '../../errors/http-client.js'
export type { RedirectErrorDetails, RequestPhase } from '../../errors/http-client.js'
export { Agent } from './agent.js'
export type { AgentOptions } from './agent.js'
export type { ClientLimits } from './connection.js'
export { CookieAgent } from './cookie-agent.js'
export type { CookieJarLike } from './cookie-agent.js'
export { ContentDecoderAgent } from './decoder-agent.js'
export type { ContentDecoderAgentOptions } from './decoder-agent.js'
export { fetchVia } from './fetch.js'
export type { FetchClasses, FetchLike } from './fetch.js'
export type { ClientTimeouts, IAgent, RequestOptions } from './interfaces.js'
export { getPage } from './page.js'
export type { GetPageOptions } from './page.js'
export { HTTPConnectionPool } from './pool.js'
export type { HTTPConnectionPoolOptions } from './pool.js'
export { ProxyAgent } from './proxy-agent.js'
export type { ProxyAgentOptions } from './proxy-agent.js'
export { RedirectAgent } from './redirect-agent.js'
export type { RedirectAgentOptions } from './redirect-agent.js'
export { ClientResponse } from './response.js'
export { RetryAgent } from './retry-agent.js'
export type { RetryAgentOptions } from './retry-agent.js'
