/** To be replaced. */
export const hostName = 'workerd'
