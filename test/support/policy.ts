import type {
  AskedSetting,
  DataPathChoice,
  DataPathChoices,
  ServicePolicy,
  SettingOrigin,
  SettingValues,
} from '../../src/model/policy.ts';

/** Where the settings of `asked` were made. */
export const testOrigin: SettingOrigin = {
  object: { kind: 'Service', namespace: 'test', name: 'test' },
  field: 'test',
};

/** What `fairlead.dev/data-path` with one word means. */
export function bothPaths(path: DataPathChoice): DataPathChoices {
  return { http: path, tcp: path };
}

/** The policy of a Service whose owner asked for these settings. */
export function asked(values: Partial<SettingValues>): ServicePolicy {
  const entries = Object.entries(values).map(([name, value]): [string, AskedSetting<typeof value>] => [
    name,
    { value, origin: testOrigin },
  ]);
  return Object.fromEntries(entries) as ServicePolicy;
}
