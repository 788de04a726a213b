/** To be replaced. */
export const hostName = 'deno'
