import { CapabilityError } from 'whorl'
import type { Reactor } from 'whorl'

/** What a plugin is handed: it may speak with two hosts and listen at this machine, and do nothing else. */
export function forPlugin(reactor: Reactor): Reactor {
  return reactor.restrict({
    connect: ['tcp:api.example.com:443', 'tcp:*.cdn.example.com:80,443', '!tcp:10.0.0.0/8:*'],
    listen: ['tcp:127.0.0.1:8000-8999', 'unix:/run/plugins/*'],
  })
}

/** Whether something was refused for want of a capability. */
export const wasRefused = (error: unknown): boolean => error instanceof CapabilityError
