/** A prefix of one's own, as the guide to endpoints shows it. */
import { quoteStringArgument, registerEndpoint, serverFromString, UNIXClientEndpoint } from 'whorl'
import type { IReactorUNIX, IStreamServerEndpoint } from 'whorl'

/** `app:NAME` is the socket of an application, in the folder where they all are. */
export function registerApp(folder: string): void {
  registerEndpoint('app', {
    server: (reactor: IReactorUNIX, [name]): IStreamServerEndpoint =>
      serverFromString(reactor, `unix:${quoteStringArgument(`${folder}/${name}`)}:mode=600`),
    client: (reactor: IReactorUNIX, [name]) => new UNIXClientEndpoint(reactor, `${folder}/${name}`),
  })
}
