import { describe, expect, it } from 'vitest';
import { aService } from '../../test/support/builders.ts';
import { asked, bothPaths } from '../../test/support/policy.ts';
import type { DataPathChoices } from '../model/policy.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { type DataPathDefaults, dataPathOf } from './data-path.ts';

const http: ServicePort = { name: 'http', protocol: 'TCP', port: 80, appProtocol: 'http' };
const tcp: ServicePort = { name: 'db', protocol: 'TCP', port: 5432, appProtocol: 'tcp' };
const dns: ServicePort = { name: 'dns', protocol: 'TCP', port: 53, appProtocol: 'tcp' };
const udp: ServicePort = { name: 'dns', protocol: 'UDP', port: 53, appProtocol: 'tcp' };

const envoy: DataPathDefaults = { namespace: {}, cluster: { http: 'Envoy', tcp: 'Envoy' } };

function service(rest: Partial<Service> = {}, dataPath?: DataPathChoices): Service {
  return aService({ ports: [], policy: dataPath === undefined ? {} : asked({ dataPath }), ...rest });
}

const sticky: Partial<Service> = { sessionAffinity: { kind: 'ClientIP', timeoutSeconds: 60 } };
const apiServer: Partial<Service> = { namespace: 'default', name: 'kubernetes' };

describe('dataPathOf', () => {
  it.each([
    ['HTTP', http, {}, 'EnvoyHttp', 'ClusterSetting', 'EnvoyHttp'],
    ['TCP', tcp, {}, 'EnvoyTcp', 'ClusterSetting', 'EnvoyTcp'],
    ['DNS over TCP', dns, {}, 'Kernel', 'Dns', 'EnvoyTcp'],
    ['UDP', udp, {}, 'Kernel', 'Protocol', 'Kernel'],
    ['SCTP', { ...tcp, protocol: 'SCTP' }, {}, 'Kernel', 'Protocol', 'Kernel'],
    ['session affinity', http, sticky, 'Kernel', 'SessionAffinity', 'Kernel'],
    ['the API server', tcp, apiServer, 'Kernel', 'ApiServer', 'Kernel'],
    [
      'a Service that has but its name of it',
      tcp,
      { ...apiServer, namespace: 'shop' },
      'EnvoyTcp',
      'ClusterSetting',
      'EnvoyTcp',
    ],
  ] as const)('for %s', (_, port, rest, byDefault, reason, asEnvoy) => {
    expect(dataPathOf(service(rest), port, envoy)).toEqual({ path: byDefault, reason });
    const asking = dataPathOf(service({ ...rest, policy: asked({ dataPath: bothPaths('Envoy') }) }), port, envoy);
    expect(asking.path).toBe(asEnvoy);
    expect(asking.refusal === undefined).toBe(asEnvoy !== 'Kernel');
    const kernel = dataPathOf(service({ ...rest, policy: asked({ dataPath: bothPaths('Kernel') }) }), port, envoy);
    const isForced = asEnvoy === 'Kernel';
    expect(kernel).toEqual({ path: 'Kernel', reason: isForced ? reason : 'ServiceSetting' });
  });

  it('takes what the cluster says for the protocol, unless the namespace does, unless the Service does', () => {
    const opaque: DataPathDefaults = { namespace: {}, cluster: { http: 'Envoy', tcp: 'Kernel' } };
    expect(dataPathOf(service(), tcp, opaque)).toEqual({ path: 'Kernel', reason: 'ClusterSetting' });
    expect(dataPathOf(service(), http, opaque)).toEqual({ path: 'EnvoyHttp', reason: 'ClusterSetting' });
    const inNamespace: DataPathDefaults = { ...opaque, namespace: { http: 'Kernel' } };
    expect(dataPathOf(service(), http, inNamespace)).toEqual({ path: 'Kernel', reason: 'NamespaceSetting' });
    expect(dataPathOf(service(), tcp, inNamespace)).toEqual({ path: 'Kernel', reason: 'ClusterSetting' });
    const own = service({}, { http: 'Envoy' });
    expect(dataPathOf(own, http, inNamespace)).toEqual({ path: 'EnvoyHttp', reason: 'ServiceSetting' });
    expect(dataPathOf(own, tcp, inNamespace)).toEqual({ path: 'Kernel', reason: 'ClusterSetting' });
  });

  it('lets no default of a namespace or the cluster move DNS to Envoy', () => {
    const all: DataPathDefaults = { namespace: bothPaths('Envoy'), cluster: { http: 'Envoy', tcp: 'Envoy' } };
    expect(dataPathOf(service(), dns, all)).toEqual({ path: 'Kernel', reason: 'Dns' });
  });
});
