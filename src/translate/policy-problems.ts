import type { ModelReader } from '../model/model.ts';
import type { SettingName } from '../model/policy.ts';
import type { Problem } from '../model/problem.ts';
import type { Service } from '../model/service.ts';
import { type Setting, settingNames, settings as settingTable } from '../model/settings.ts';
import { type DataPath, type DataPathDefaults, dataPathDefaults, dataPathOf } from './data-path.ts';
import type { TranslateSettings } from './settings.ts';
import { unprogrammed } from './unprogrammed.ts';

/** The settings of a Service that none of its ports can honour, and what no agent does yet. */
export function policyProblems(reader: ModelReader, service: Service, settings: TranslateSettings): readonly Problem[] {
  const defaults = dataPathDefaults(reader, service, settings);
  const paths = new Set(service.ports.map((port) => dataPathOf(service, port, defaults).path));
  const asked = settingNames.filter((name) => service.policy[name] !== undefined);
  return [
    ...unprogrammed(service),
    ...refusedDataPaths(service, defaults),
    ...asked.flatMap((name) => {
      const reason = whyWithoutEffect(name, paths);
      return reason === undefined ? [] : problemOf(service, name, `it has no effect: ${reason}`);
    }),
    ...(settings.tracing === undefined ? withoutCollector(service) : []),
  ];
}

function refusedDataPaths(service: Service, defaults: DataPathDefaults): readonly Problem[] {
  return service.ports.flatMap((port) => {
    const { refusal } = dataPathOf(service, port, defaults);
    if (refusal === undefined) return [];
    return problemOf(service, 'dataPath', `${port.protocol} port ${port.port} stays on the kernel path: ${refusal}`);
  });
}

function whyWithoutEffect(name: SettingName, paths: ReadonlySet<DataPath>): string | undefined {
  const { needs }: Setting<unknown> = settingTable[name];
  if (needs === undefined || paths.has('EnvoyHttp')) return undefined;
  if (!paths.has('EnvoyTcp')) return 'no port takes the Envoy path';
  if (needs === 'Envoy') return undefined;
  return 'no port speaks HTTP, by appProtocol or by a port name that begins with http, http2, grpc or grpc-web';
}

function withoutCollector(service: Service): readonly Problem[] {
  const message = 'it has no effect: the controller is configured without a collector';
  return problemOf(service, 'tracingSamplingPercent', message);
}

/** Reported where the setting was made; nothing if it was not set. */
function problemOf(service: Service, name: SettingName, message: string): readonly Problem[] {
  const origin = service.policy[name]?.origin;
  return origin === undefined ? [] : [{ ...origin, code: 'WithoutEffect', message }];
}
