/** Query of a page; the service checks the numbers. */
export const pageOf = (limit: string | undefined, cursor: string | undefined) => ({
  ...(limit === undefined ? {} : { limit: Number(limit) }),
  ...(cursor === undefined ? {} : { cursor }),
});
