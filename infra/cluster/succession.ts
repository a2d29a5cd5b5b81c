/**
 * In which order the leadership is best given away while servers are replaced in `order`: to one that has been replaced
 * already, else to the one that is replaced last.
 */
export function preferredSuccessors(order: string[], leaving: string): string[] {
  const at = order.indexOf(leaving);
  return [...order.slice(0, at).reverse(), ...order.slice(at + 1).reverse()];
}
