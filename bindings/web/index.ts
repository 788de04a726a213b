/** To be replaced. */
export const hostName = 'web'
