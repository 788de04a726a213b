/** To be replaced. */
export const hostName = 'bun'
