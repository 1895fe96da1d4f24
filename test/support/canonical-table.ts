type Elements = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * The elements of a table so that two tables of the same Services are equal: endpoint sets may have other numbers, and their
 * endpoints may lie in other slots.
 */
export function canonicalTable(elements: Elements): Readonly<Record<string, readonly string[]>> {
  const endpoints = endpointsByNumber(elements);
  const sets = new Map<string | undefined, string>();
  for (const [number, chain] of elements.get('endpoint-counts') ?? []) {
    sets.set(number, `${chain} to ${endpoints.get(number)?.sort().join(', ')}`);
  }
  const table: Record<string, readonly string[]> = { 'endpoint sets': [...sets.values()].sort() };
  for (const [name, all] of elements) {
    if (/^(endpoint-counts|(endpoints|pins)-\d+)$/.test(name)) continue;
    const isNumbered = name === 'cluster-sets' || name === 'local-sets';
    const texts = [...all].map(([key, value]) => `${key} : ${isNumbered ? sets.get(value) : value}`);
    if (texts.length > 0) table[name] = texts.sort();
  }
  return table;
}

function endpointsByNumber(elements: Elements): ReadonlyMap<string, string[]> {
  const endpoints = new Map<string, string[]>();
  for (const [name, slot] of elements) {
    if (!/^(endpoints|pins)-\d+$/.test(name)) continue;
    for (const [key, value] of slot) {
      const [number = '', protocol = 'pinned'] = key.split(' . ');
      const before = endpoints.get(number);
      if (before === undefined) endpoints.set(number, [`${protocol} ${value}`]);
      else before.push(`${protocol} ${value}`);
    }
  }
  return endpoints;
}
