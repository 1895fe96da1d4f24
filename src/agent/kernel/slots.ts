/**
 * Gives each endpoint a slot from 0 with as few changes as possible: what stays keeps its slot unless that lies beyond
 * the new count, and new endpoints fill the gaps. `endpoints` has no duplicates.
 */
export function assignSlots(before: readonly string[], endpoints: readonly string[]): readonly string[] {
  const wanted = new Set(endpoints);
  const kept = new Set(before.slice(0, endpoints.length).filter((endpoint) => wanted.has(endpoint)));
  const newcomers = endpoints.filter((endpoint) => !kept.has(endpoint)).values();
  return endpoints.flatMap((_endpoint, slot) => {
    const previous = before[slot];
    return previous !== undefined && kept.has(previous) ? previous : (newcomers.next().value ?? []);
  });
}
