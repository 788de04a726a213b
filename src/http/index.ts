/** `whorl/http`: HTTP/1.1, server and client. */

export { HTTPParseError } from '../core/http-errors.js'
export type { HTTPLeniences, HTTPLimits } from '../core/http-parser.js'
export {
  BodyIncompleteError, BodyLengthError, BodySyntaxError, BodyTakenError, BodyTimeoutError, BodyTooLargeError,
  HeadSentError, HTTPError, MessageEndedError,
} from '../errors/http.js'
export { formatHTTPDate, parseHTTPDate } from './dates.js'
export { hasToken, Headers } from './headers.js'
export type { HeadersInit } from './headers.js'
export { IncomingBody } from './incoming-body.js'
export type { MessageLimits, ServerTimeouts } from './limits.js'
export { REASON_PHRASES, requestHead, responseHead } from './messages.js'
export {
  Compressed, Data, ErrorPage, File, handlerFromFetch, NoResource, Redirect, Resource, ReverseProxy, VirtualHosts,
} from './resources/index.js'
export type {
  CompressedOptions, FetchEnvironment, FetchHandler, FetchResponse, FileOptions, ForwardedStyle, FromFetchOptions,
  RedirectStatus, RenderMethod, ResourceAnswer, ReverseProxyOptions,
} from './resources/index.js'
export type { AccessEntry, AccessLogFormat, AccessLogOptions, AccessLogSink } from './server/access-log.js'
export { HTTPChannel } from './server/channel.js'
export { upgradeTo } from './server/handler.js'
export type {
  HandlerAnswer, HandlerResult, HandlerValue, IRequestHandler, IUpgradeFactory, RequestHandler, UpgradeAnswer,
} from './server/handler.js'
export { ServerRequest } from './server/request.js'
export { ServerResponse } from './server/response.js'
export { serve } from './server/serve.js'
export { Site } from './server/site.js'
export type { SiteOptions, SiteReactor } from './server/site.js'
export { isBodySource, OutgoingBody } from './outgoing-body.js'
export type { BodyFraming, BodySource } from './outgoing-body.js'
export { parseHTTPURL, queryOf } from './urls.js'
export type { HTTPURL } from './urls.js'
export {
  Agent, ClientResponse, ContentDecoderAgent, CookieAgent, fetchVia, getPage, HTTPConnectionPool, InfiniteRedirection,
  PageError, ProxyAgent, RedirectAgent, RedirectError, RequestGenerationFailed, RequestTimeoutError,
  RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived, RetryAgent, SchemeNotSupported,
} from './client/index.js'
export type {
  AgentOptions, ClientLimits, ClientTimeouts, ContentDecoderAgentOptions, CookieJarLike, FetchClasses, FetchLike,
  GetPageOptions, HTTPConnectionPoolOptions, IAgent, ProxyAgentOptions, RedirectAgentOptions, RedirectErrorDetails,
  RequestOptions, RequestPhase, RetryAgentOptions,
} from './client/index.js'
